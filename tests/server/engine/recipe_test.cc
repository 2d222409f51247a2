#include "engine/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/field_error.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

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
      {[](Recipe& r) { r.lbfgs_history = 0; }, "lbfgs_history"},
      {[](Recipe& r) { r.lbfgs_history = 101; }, "lbfgs_history"},
      {[](Recipe& r) { r.pyramid_levels = -1; }, "pyramid_levels"},
      {[](Recipe& r) { r.pyramid_levels = 7; }, "pyramid_levels"},
      {[](Recipe& r) { r.stall_evaluations = -1; }, "stall_evaluations"},
      {[](Recipe& r) { r.stall_evaluations = 100001; }, "stall_evaluations"},
      {[](Recipe& r) { r.stall_improvement = -0.01; }, "stall_improvement"},
      {[](Recipe& r) { r.stall_improvement = 1; }, "stall_improvement"},
      {[](Recipe& r) { r.stall_improvement = std::nan(""); }, "stall_improvement"},
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
