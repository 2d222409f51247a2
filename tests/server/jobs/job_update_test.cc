#include "jobs/job_update.h"

#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

v1::UpdateJobRequest Request(std::initializer_list<const char*> paths) {
  v1::UpdateJobRequest request;
  for (const char* path : paths) request.mutable_update_mask()->add_paths(path);
  v1::Job& job = *request.mutable_job();
  job.set_name("jobs/x");
  job.set_display_name("new");
  job.set_priority(v1::PRIORITY_BATCH);
  job.set_detached(true);
  job.mutable_preview()->set_every_iterations(7);
  job.mutable_preview()->mutable_interval()->set_seconds(8);
  job.mutable_preview()->set_format(v1::PICTURE_FORMAT_PNG);
  job.mutable_preview()->set_max_size(128);
  job.mutable_preview()->set_pixel_format(v1::PIXEL_FORMAT_RGBA8);
  v1::Recipe& recipe = *job.mutable_recipe();
  recipe.set_content_weight(1);
  recipe.set_style_weight(2);
  recipe.set_tv_weight(3);
  recipe.set_learning_rate(4);
  recipe.set_iterations(5);
  recipe.add_content_layers()->set_layer("c");
  recipe.add_style_layers()->set_layer("s");
  recipe.add_style_picture_weights(6);
  return request;
}

TEST(RecipeChangeOf, NothingWithoutARecipeField) {
  EXPECT_EQ(RecipeChangeOf(Request({})), std::nullopt);
  EXPECT_EQ(RecipeChangeOf(Request({"display_name", "priority", "detached", "preview"})), std::nullopt);
}

TEST(RecipeChangeOf, TakesTheFieldsOfTheMaskAlone) {
  const std::optional<v1::RecipeChange> change =
      RecipeChangeOf(Request({"display_name", "recipe.style_weight"}));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->ShortDebugString(), "style_weight: 2");
}

TEST(RecipeChangeOf, TakesEachField) {
  const std::optional<v1::RecipeChange> change = RecipeChangeOf(Request(
      {"recipe.content_weight", "recipe.style_weight", "recipe.tv_weight", "recipe.learning_rate",
       "recipe.iterations", "recipe.content_layers", "recipe.style_layers", "recipe.style_picture_weights"}));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->content_weight(), 1);
  EXPECT_EQ(change->style_weight(), 2);
  EXPECT_EQ(change->tv_weight(), 3);
  EXPECT_EQ(change->learning_rate(), 4);
  EXPECT_EQ(change->iterations(), 5);
  ASSERT_EQ(change->content_layers_size(), 1);
  EXPECT_EQ(change->content_layers(0).layer(), "c");
  ASSERT_EQ(change->style_layers_size(), 1);
  EXPECT_EQ(change->style_layers(0).layer(), "s");
  ASSERT_EQ(change->style_picture_weights_size(), 1);
  EXPECT_EQ(change->style_picture_weights(0), 6);
}

TEST(ApplyToJob, PutsTheFieldsOfTheMaskAlone) {
  v1::Job job;
  job.set_priority(v1::PRIORITY_NORMAL);
  EXPECT_FALSE(ApplyToJob(Request({"recipe.style_weight"}), &job));
  EXPECT_EQ(job.ShortDebugString(), "priority: PRIORITY_NORMAL");
  EXPECT_FALSE(ApplyToJob(Request({"display_name", "detached"}), &job));
  EXPECT_EQ(job.display_name(), "new");
  EXPECT_TRUE(job.detached());
  EXPECT_FALSE(job.has_preview());
}

TEST(ApplyToJob, SaysWhetherThePriorityHasChanged) {
  v1::Job job;
  job.set_priority(v1::PRIORITY_NORMAL);
  EXPECT_TRUE(ApplyToJob(Request({"priority"}), &job));
  EXPECT_EQ(job.priority(), v1::PRIORITY_BATCH);
  EXPECT_FALSE(ApplyToJob(Request({"priority"}), &job));
}

TEST(ApplyToJob, PartsOfThePreview) {
  v1::Job job;
  job.mutable_preview()->set_every_iterations(1);
  job.mutable_preview()->set_max_size(16);
  ApplyToJob(Request({"preview.every_iterations"}), &job);
  EXPECT_EQ(job.preview().ShortDebugString(), "every_iterations: 7 max_size: 16");
  ApplyToJob(Request({"preview.interval", "preview.format", "preview.max_size", "preview.pixel_format"}),
             &job);
  const v1::UpdateJobRequest request = Request({"preview"});
  EXPECT_EQ(job.preview().SerializeAsString(), request.job().preview().SerializeAsString());
  job.mutable_preview()->clear_format();
  ApplyToJob(request, &job);
  EXPECT_EQ(job.preview().SerializeAsString(), request.job().preview().SerializeAsString());
}

}  // namespace
}  // namespace impasto::jobs
