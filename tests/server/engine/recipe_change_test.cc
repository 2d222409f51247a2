#include "engine/recipe_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/field_error.h"
#include "engine/recipe.h"

namespace impasto::engine {
namespace {

class RecipeChangeTest : public ::testing::Test {
 protected:
  Recipe recipe_ = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
};

TEST_F(RecipeChangeTest, SetsWhatIsGivenAndNothingElse) {
  Recipe changed = recipe_;
  ASSERT_TRUE(ApplyChange({.content_weight = 3, .style_layers = {{"block3_conv1", 9}}}, &changed).ok());
  EXPECT_EQ(changed.content_weight, 3);
  EXPECT_EQ(changed.style_layers[2], (LayerWeight{"block3_conv1", 9}));
  EXPECT_EQ(changed.style_layers[1], recipe_.style_layers[1]);
  EXPECT_EQ(changed.style_weight, recipe_.style_weight);
  ASSERT_TRUE(ApplyChange({.steps = 7,
                           .style_weight = 4,
                           .tv_weight = 5,
                           .learning_rate = 6,
                           .iterations = 7,
                           .content_layers = {{"block5_conv2", 0.5}},
                           .style_picture_weights = {1, 2}},
                          &changed)
                  .ok());
  EXPECT_EQ(changed.style_weight, 4);
  EXPECT_EQ(changed.tv_weight, 5);
  EXPECT_EQ(changed.learning_rate, 6);
  EXPECT_EQ(changed.iterations, 7);
  EXPECT_EQ(changed.content_layers[0].weight, 0.5);
  EXPECT_EQ(changed.style_picture_weights, (std::vector<double>{1, 2}));
}

TEST_F(RecipeChangeTest, OnlyWeightsMakeAnotherObjective) {
  const auto same = [&](const RecipeChange& change) {
    Recipe changed = recipe_;
    EXPECT_TRUE(ApplyChange(change, &changed).ok());
    return SameObjective(recipe_, changed);
  };
  EXPECT_TRUE(same({.learning_rate = 1, .iterations = 10}));
  EXPECT_TRUE(same({.style_weight = recipe_.style_weight}));
  EXPECT_FALSE(same({.content_weight = 1}));
  EXPECT_FALSE(same({.style_weight = 1}));
  EXPECT_FALSE(same({.tv_weight = 1}));
  EXPECT_FALSE(same({.content_layers = {{"block5_conv2", 2}}}));
  EXPECT_FALSE(same({.style_layers = {{"block1_conv1", 2}}}));
  EXPECT_FALSE(same({.style_picture_weights = {1, 2}}));
}

TEST_F(RecipeChangeTest, AFailedOneChangesNothing) {
  Recipe changed = recipe_;
  const absl::Status status = ApplyChange(
      {.content_weight = 3, .content_layers = {{"block5_conv2", 2}}, .style_layers = {{"block9", 1}}},
      &changed);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), "style_layers[0].layer");
  EXPECT_TRUE(SameObjective(changed, recipe_));
}

TEST_F(RecipeChangeTest, ARecipesChangesAreValidatedOneAfterTheOther) {
  const Graph graph = Vgg19();
  const auto field = [&](std::vector<RecipeChange> changes) {
    recipe_.changes = std::move(changes);
    return FieldOf(ValidateRecipe(recipe_, graph));
  };
  EXPECT_EQ(
      field({{.steps = 0, .style_weight = 2}, {.steps = 0, .iterations = 5}, {.steps = 5, .tv_weight = 1}}),
      "");
  EXPECT_EQ(field({{.steps = 3, .style_weight = 2}, {.steps = 2, .tv_weight = 1}}), "changes[1].steps");
  EXPECT_EQ(field({{.steps = -1}}), "changes[0].steps");
  EXPECT_EQ(field({{.steps = 3}, {.steps = 6, .iterations = 5}}), "changes[1].iterations");
  EXPECT_EQ(field({{.steps = 3, .style_weight = 0}}), "changes[0].style_weight");
  EXPECT_EQ(field({{.steps = 3, .style_layers = {{"block1_conv1", -2}}}}),
            "changes[0].style_layers[0].weight");
  EXPECT_EQ(field({{.steps = 3, .style_layers = {{"block1_conv2", 1}}}}), "changes[0].style_layers[0].layer");
  EXPECT_EQ(field(std::vector<RecipeChange>(kMaxRecipeChanges)), "");
  EXPECT_EQ(field(std::vector<RecipeChange>(kMaxRecipeChanges + 1)), "changes");
}

}  // namespace
}  // namespace impasto::engine
