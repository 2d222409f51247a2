#include "engine/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/field_error.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

TEST(RecipeTest, ReferenceIsTheMissionsForVgg19) {
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
}

TEST(RecipeTest, ReferenceIsTheMissionsForResNet50) {
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

TEST(RecipeTest, EveryPresetOfEveryModelIsValid) {
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

TEST(RecipeTest, UnknownPresetListsTheKnown) {
  const auto recipe = MakePreset("impressionist", "vgg19", WeightsFamily::kKeras);
  EXPECT_EQ(recipe.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(recipe.status().message()), HasSubstr("painterly, reference"));
}

TEST(RecipeTest, EachBadFieldIsNamed) {
  const struct {
    std::function<void(Recipe&)> spoil;
    const char* field;
  } cases[] = {
      {[](Recipe& r) { r.content_weight = -1; }, "content_weight"},
      {[](Recipe& r) { r.content_weight = std::nan(""); }, "content_weight"},
      {[](Recipe& r) { r.style_weight = 0; }, "style_weight"},
      {[](Recipe& r) { r.style_weight = INFINITY; }, "style_weight"},
      {[](Recipe& r) { r.tv_weight = -1e-9; }, "tv_weight"},
      {[](Recipe& r) { r.learning_rate = 0; }, "learning_rate"},
      {[](Recipe& r) { r.learning_rate = -5; }, "learning_rate"},
      {[](Recipe& r) { r.learning_rate = 256; }, "learning_rate"},
      {[](Recipe& r) { r.beta1 = 1; }, "beta1"},
      {[](Recipe& r) { r.beta2 = -0.1; }, "beta2"},
      {[](Recipe& r) { r.epsilon = 0; }, "epsilon"},
      {[](Recipe& r) { r.iterations = 0; }, "iterations"},
      {[](Recipe& r) { r.iterations = 100001; }, "iterations"},
      {[](Recipe& r) { r.max_size = 15; }, "max_size"},
      {[](Recipe& r) { r.style_size = 8193; }, "style_size"},
      {[](Recipe& r) { r.content_layers[0].weight = -1; }, "content_layers[0].weight"},
      {[](Recipe& r) { r.style_layers[2].layer = "block3_cov1"; }, "style_layers[2].layer"},
      {[](Recipe& r) { r.style_layers[1].layer = r.style_layers[0].layer; }, "style_layers[1].layer"},
      {[](Recipe& r) { r.style_layers[4].layer = "input"; }, "style_layers[4].layer"},
      {[](Recipe& r) { r.style_layers.clear(); }, "style_layers"},
      {[](Recipe& r) {
         for (auto& layer : r.style_layers) layer.weight = 0;
       },
       "style_layers"},
      {[](Recipe& r) {
         r.style_picture_weights = {0, 0};
       },
       "style_picture_weights"},
      {[](Recipe& r) {
         r.style_picture_weights = {1, -1};
       },
       "style_picture_weights[1]"},
  };
  for (const auto& c : cases) {
    Recipe recipe = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
    c.spoil(recipe);
    const absl::Status status = ValidateRecipe(recipe, Vgg19());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.field;
    EXPECT_EQ(FieldOf(status), c.field) << status;
  }
}

TEST(RecipeTest, UnknownLayerNamesTheNearest) {
  Recipe recipe = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
  recipe.style_layers[0].layer = "block3_cov1";
  EXPECT_THAT(std::string(ValidateRecipe(recipe, Vgg19()).message()), HasSubstr("block3_conv1"));
}

}  // namespace
}  // namespace impasto::engine
