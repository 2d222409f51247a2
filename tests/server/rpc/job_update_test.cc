#include "rpc/job_update.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/field_error.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::UpdateJobRequest Update(const std::vector<std::string>& paths = {}) {
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name("jobs/a-1");
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  return request;
}
std::vector<std::string> Mask(const v1::UpdateJobRequest& request) {
  const auto normalized = NormalizeUpdateJobRequest(request);
  EXPECT_TRUE(normalized.ok()) << normalized.status();
  if (!normalized.ok()) return {};
  EXPECT_EQ(normalized->job().SerializeAsString(), request.job().SerializeAsString());
  return {normalized->update_mask().paths().begin(), normalized->update_mask().paths().end()};
}
absl::Status Refused(const v1::UpdateJobRequest& request) {
  const absl::Status status = NormalizeUpdateJobRequest(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return status;
}

// With a value for all that can be updated.
v1::UpdateJobRequest Full(const std::vector<std::string>& paths = {}) {
  v1::UpdateJobRequest request = Update(paths);
  v1::Job& job = *request.mutable_job();
  job.set_display_name("x");
  job.set_priority(v1::PRIORITY_BATCH);
  job.set_detached(true);
  job.mutable_preview()->set_every_iterations(5);
  job.mutable_preview()->set_max_size(64);
  v1::Recipe& recipe = *job.mutable_recipe();
  recipe.set_content_weight(1);
  recipe.set_style_weight(2);
  recipe.set_tv_weight(0);
  recipe.set_learning_rate(3);
  recipe.set_iterations(40);
  recipe.add_content_layers()->set_layer("a");
  recipe.add_style_layers()->set_layer("b");
  recipe.add_style_picture_weights(1);
  // And some that can't.
  recipe.set_preset("painterly");
  job.set_client("c");
  job.set_iteration(7);
  return request;
}

TEST(UpdateMask, EveryFieldThatCanBeUpdated) {
  const std::vector<std::string> all = {"detached",
                                        "display_name",
                                        "preview.every_iterations",
                                        "preview.format",
                                        "preview.interval",
                                        "preview.max_size",
                                        "preview.pixel_format",
                                        "priority",
                                        "recipe.content_layers",
                                        "recipe.content_weight",
                                        "recipe.iterations",
                                        "recipe.learning_rate",
                                        "recipe.style_layers",
                                        "recipe.style_picture_weights",
                                        "recipe.style_weight",
                                        "recipe.tv_weight"};
  EXPECT_EQ(Mask(Full(all)), all);
}

TEST(UpdateMask, EachOnceAndTheWholeBeforeItsParts) {
  EXPECT_THAT(Mask(Full({"priority", "preview.max_size", "priority", "preview"})),
              ElementsAre("preview", "priority"));
}

TEST(UpdateMask, FieldsWithADefaultNeedNoValue) {
  EXPECT_THAT(Mask(Update({"priority", "preview", "display_name", "detached"})),
              ElementsAre("detached", "display_name", "preview", "priority"));
  EXPECT_THAT(Mask(Update({"preview.interval"})), ElementsAre("preview.interval"));
}

TEST(UpdateMask, FieldsOfTheRecipeNeedOne) {
  for (const char* path : {"recipe.content_weight", "recipe.iterations", "recipe.style_layers",
                           "recipe.style_picture_weights"}) {
    const absl::Status status = Refused(Update({path}));
    EXPECT_EQ(FieldOf(status), absl::StrCat("job.", path));
    EXPECT_THAT(status.message(), HasSubstr("is in update_mask, but has no value"));
  }
}

TEST(UpdateMask, EmptyMeansWhatIsSet) {
  EXPECT_THAT(Mask(Full()),
              ElementsAre("detached", "display_name", "preview.every_iterations", "preview.max_size",
                          "priority", "recipe.content_layers", "recipe.content_weight", "recipe.iterations",
                          "recipe.learning_rate", "recipe.style_layers", "recipe.style_picture_weights",
                          "recipe.style_weight", "recipe.tv_weight"));
  v1::UpdateJobRequest no_previews = Update();
  no_previews.mutable_job()->mutable_preview();
  EXPECT_THAT(Mask(no_previews), ElementsAre("preview"));

  v1::UpdateJobRequest nothing = Update();
  nothing.mutable_job()->mutable_recipe()->set_preset("painterly");
  const absl::Status status = Refused(nothing);
  EXPECT_EQ(FieldOf(status), "job");
  EXPECT_THAT(status.message(), HasSubstr("has nothing to update; these can be updated: display_name, "));
}

TEST(UpdateMask, UnknownFields) {
  for (const char* path : {"colour", "recipe.colour", "recipe.content_layers.weight", "preview.size", "a.b.c",
                           "Priority", "recipe/iterations"}) {
    const absl::Status status = Refused(Full({"priority", path}));
    EXPECT_EQ(FieldOf(status), "update_mask") << path;
    EXPECT_EQ(status.message(), absl::StrCat("update_mask: \"", path, "\" is no field of a job"));
  }
}

TEST(UpdateMask, FieldsThatStay) {
  for (const char* path : {"name", "state", "recipe", "recipe.preset", "recipe.max_size", "output",
                           "output.quality", "preview.interval.seconds", "original_recipe.iterations", ""}) {
    const absl::Status status = Refused(Full({path}));
    EXPECT_EQ(FieldOf(status), "update_mask") << path;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("\"", path,
                                                         "\" can't be updated; these can: display_name, "
                                                         "priority, detached, preview and its fields, "
                                                         "recipe.content_weight, ")));
  }
}

TEST(UpdateMask, NoStarAndNoFlood) {
  EXPECT_EQ(Refused(Full({"*"})).message(), "update_mask: \"*\" isn't taken: name the fields");
  EXPECT_EQ(Refused(Full(std::vector<std::string>(101, "priority"))).message(),
            "update_mask: 101 paths are more than 100");
}

TEST(UpdateJob, NamesTheFieldAtFault) {
  EXPECT_EQ(FieldOf(Refused({})), "job");
  v1::UpdateJobRequest request = Full();
  request.mutable_job()->set_name("jobs/A");
  EXPECT_EQ(FieldOf(Refused(request)), "job.name");
  request = Full();
  request.mutable_job()->set_priority(static_cast<v1::Priority>(9));
  EXPECT_EQ(FieldOf(Refused(request)), "job.priority");
  request = Full();
  request.mutable_job()->mutable_recipe()->set_style_weight(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(FieldOf(Refused(request)), "job.recipe.style_weight");
  request = Full();
  request.mutable_job()->mutable_preview()->mutable_interval()->set_nanos(5);
  EXPECT_EQ(FieldOf(Refused(request)), "job.preview.interval");
  request = Full();
  request.mutable_job()->set_display_name(std::string(201, 'x'));
  EXPECT_EQ(FieldOf(Refused(request)), "job.display_name");
}

}  // namespace
}  // namespace impasto::rpc
