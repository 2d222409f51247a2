#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/recipe.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

TEST(PresetsTest, ReferenceIsThePublishedForVgg19) {
  const auto recipe = MakePreset("reference", "vgg19", WeightsFamily::kKeras);
  ASSERT_TRUE(recipe.ok());
  ASSERT_EQ(recipe->content_layers.size(), 1u);
  EXPECT_EQ(recipe->content_layers[0].layer, "block5_conv2");
  EXPECT_EQ(recipe->content_layers[0].weight, 1.0);
  ASSERT_EQ(recipe->style_layers.size(), 5u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(recipe->style_layers[i].layer, "block" + std::to_string(i + 1) + "_conv1");
    EXPECT_EQ(recipe->style_layers[i].weight, 0.2);
  }
  EXPECT_EQ(recipe->content_weight, 1e5);
  EXPECT_EQ(recipe->style_weight, 1e-2);
  EXPECT_EQ(recipe->learning_rate, 5);
  EXPECT_EQ(recipe->iterations, 1000);
  EXPECT_EQ(recipe->beta1, 0.99);
  EXPECT_EQ(recipe->beta2, 0.999);
  EXPECT_EQ(recipe->epsilon, 0.1);
  EXPECT_EQ(recipe->max_size, 512);
  EXPECT_EQ(recipe->normalization, Normalization::kMean);
  EXPECT_EQ(recipe->init, Init::kContent);
  EXPECT_EQ(recipe->tv_weight, 0);
  EXPECT_EQ(recipe->quality, Quality::kPreset);
  EXPECT_EQ(recipe->optimizer, OptimizerKind::kAdam);
  EXPECT_EQ(recipe->schedule, Schedule::kConstant);
  EXPECT_EQ(recipe->pyramid_levels, 1);
  EXPECT_EQ(recipe->stall_evaluations, 0);
}

TEST(PresetsTest, ReferenceIsThePublishedForResNet50) {
  const auto recipe = MakePreset("reference", "resnet50", WeightsFamily::kKeras);
  ASSERT_TRUE(recipe.ok());
  EXPECT_EQ(recipe->content_layers[0].layer, "conv5_block3_3_bn");
  const char* style[] = {"conv2_block2_2_bn", "conv3_block1_0_bn", "conv3_block1_0_conv", "conv4_block1_2_bn",
                         "conv5_block1_3_bn"};
  ASSERT_EQ(recipe->style_layers.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(recipe->style_layers[i].layer, style[i]);
  EXPECT_EQ(recipe->content_weight, 1);
  EXPECT_EQ(recipe->style_weight, 1e5);
}

TEST(PresetsTest, EveryPresetOfEveryModelIsValid) {
  for (const std::string& model : ModelNames()) {
    for (const std::string& preset : PresetNames()) {
      for (const WeightsFamily family :
           {WeightsFamily::kKeras, WeightsFamily::kTorchvision, WeightsFamily::kRandom}) {
        const auto recipe = MakePreset(preset, model, family);
        ASSERT_TRUE(recipe.ok()) << preset << " " << model;
        EXPECT_TRUE(ValidateRecipe(*recipe, *MakeGraph(model)).ok()) << preset << " " << model;
        EXPECT_FALSE(recipe->content_layers.empty());
      }
    }
  }
}

TEST(PresetsTest, PainterlyIsGood) {
  const auto recipe = MakePreset("painterly", "vgg19", WeightsFamily::kKeras);
  ASSERT_TRUE(recipe.ok());
  EXPECT_EQ(recipe->quality, Quality::kGood);
  EXPECT_EQ(recipe->optimizer, OptimizerKind::kLbfgs);
}

TEST(PresetsTest, QualityDecidesTheWayAndNotWhatIsPainted) {
  const Recipe before = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
  const struct {
    Quality quality;
    int iterations, stall_evaluations;
    double stall_improvement;
  } table[] = {
      {Quality::kDraft, 60, 10, 0.05}, {Quality::kGood, 200, 20, 0.03}, {Quality::kBest, 600, 30, 0.01}};
  for (const auto& row : table) {
    Recipe recipe = before;
    ApplyQuality(row.quality, &recipe);
    EXPECT_EQ(recipe.quality, row.quality);
    EXPECT_EQ(recipe.optimizer, OptimizerKind::kLbfgs);
    EXPECT_EQ(recipe.lbfgs_history, 10);
    EXPECT_EQ(recipe.iterations, row.iterations);
    EXPECT_EQ(recipe.stall_evaluations, row.stall_evaluations);
    EXPECT_EQ(recipe.stall_improvement, row.stall_improvement);
    EXPECT_EQ(recipe.pyramid_levels, 0);
    EXPECT_EQ(recipe.schedule, Schedule::kCosine);
    EXPECT_TRUE(ValidateRecipe(recipe, Vgg19()).ok());
    EXPECT_EQ(recipe.preset, "reference");
    EXPECT_EQ(recipe.content_weight, before.content_weight);
    EXPECT_EQ(recipe.style_weight, before.style_weight);
    EXPECT_EQ(recipe.style_layers.size(), before.style_layers.size());
    EXPECT_EQ(recipe.max_size, before.max_size);
  }
  Recipe recipe = before;
  ApplyQuality(Quality::kPreset, &recipe);
  EXPECT_EQ(recipe.optimizer, OptimizerKind::kAdam);
  EXPECT_EQ(recipe.iterations, 1000);
}

TEST(PresetsTest, QualitiesHaveTheirNames) {
  EXPECT_EQ(QualityName(Quality::kPreset), "preset");
  EXPECT_EQ(QualityName(Quality::kDraft), "draft");
  EXPECT_EQ(QualityName(Quality::kGood), "good");
  EXPECT_EQ(QualityName(Quality::kBest), "best");
}

TEST(PresetsTest, UnknownPresetListsTheKnown) {
  const auto recipe = MakePreset("impressionist", "vgg19", WeightsFamily::kKeras);
  EXPECT_EQ(recipe.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(recipe.status().message()), HasSubstr("painterly, reference"));
}

}  // namespace
}  // namespace impasto::engine
