#include "cli/job_update.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

namespace impasto::cli {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<JobUpdate> Build(const std::string& flags) {
  CLI::App app;
  JobsFlags parsed;
  AddJobsCommands(&app, &parsed);
  app.parse("jobs update JOB " + flags);
  return BuildUpdate(parsed.update);
}

TEST(JobUpdateTest, TakesWhatIsGivenAndNothingElse) {
  const auto update = Build(
      "--content-weight 0 --style-weight 2e-2 --tv-weight 1e-6 --learning-rate 2 --iterations 500 "
      "--content-layer block4_conv2=0.5 --style-layer block1_conv1=2 --style-layer block2_conv1=0 "
      "--style-picture-weight 1 --style-picture-weight 3 --preview-every 20 --priority batch --name Sunday "
      "--detach");
  ASSERT_TRUE(update.ok()) << update.status();
  v1::Job expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      display_name: "Sunday" priority: PRIORITY_BATCH detached: true preview { every_iterations: 20 }
      recipe {
        content_weight: 0 style_weight: 0.02 tv_weight: 1e-6 learning_rate: 2 iterations: 500
        content_layers { layer: "block4_conv2" weight: 0.5 }
        style_layers { layer: "block1_conv1" weight: 2 }
        style_layers { layer: "block2_conv1" weight: 0 }
        style_picture_weights: [1, 3]
      })",
                                                            &expected));
  EXPECT_EQ(update->job.DebugString(), expected.DebugString());
  EXPECT_THAT(update->mask, ElementsAre("recipe.content_weight", "recipe.style_weight", "recipe.tv_weight",
                                        "recipe.learning_rate", "recipe.iterations", "recipe.content_layers",
                                        "recipe.style_layers", "recipe.style_picture_weights",
                                        "preview.every_iterations", "priority", "display_name", "detached"));
  EXPECT_EQ(DescribeSettings(*update), "a preview every 20, priority batch, name \"Sunday\", detached");
}

TEST(JobUpdateTest, ZeroAndNothingAreValues) {
  const auto update = Build("--attach --preview-every 0");
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_FALSE(update->job.detached());
  EXPECT_THAT(update->mask, ElementsAre("preview.every_iterations", "detached"));
  EXPECT_EQ(DescribeSettings(*update), "no previews, attached");
}

TEST(JobUpdateTest, RefusesNothingAndLayersWithoutAWeight) {
  EXPECT_EQ(Build("").status(),
            absl::InvalidArgumentError("nothing to update: see impasto jobs update --help"));
  EXPECT_EQ(Build("--style-layer block1_conv1").status(),
            absl::InvalidArgumentError("--style-layer block1_conv1: not of the form NAME=WEIGHT"));
  EXPECT_THROW(Build("--detach --attach").IgnoreError(), CLI::ParseError);
  EXPECT_THROW(Build("--priority high").IgnoreError(), CLI::ParseError);
}

}  // namespace
}  // namespace impasto::cli
