// Changes of a run between two steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/field_error.h"
#include "tests/server/engine/stylization_fixture.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

class StylizationChangeTest : public StylizationTest {
 protected:
  StylizationChangeTest() {
    recipe_.iterations = 8;
    recipe_.content_weight = 1;
  }
  void Steps(Stylization* run, int count) {
    for (int k = 0; k < count; ++k) {
      const absl::StatusOr<Losses> losses = run->Step();
      ASSERT_TRUE(losses.ok()) << losses.status();
      losses_.push_back(*losses);
    }
  }
  // The losses and the picture of a run from the recipe with the changes that `run` has had are the same.
  void ExpectSameFromRecipe(const Stylization& run, std::shared_ptr<const Stylization::Pictures> pictures) {
    Recipe recipe = recipe_;
    recipe.changes = run.changes();
    const auto again = *Stylization::Create(model_, recipe, std::move(pictures));
    const std::vector<Losses> losses = Run(again.get());
    ASSERT_EQ(losses.size(), losses_.size());
    for (size_t k = 0; k < losses.size(); ++k) EXPECT_EQ(losses[k].total, losses_[k].total) << k;
    EXPECT_EQ(again->best().rgb, run.best().rgb);
    EXPECT_EQ(again->best_loss(), run.best_loss());
    EXPECT_EQ(again->best_evaluation(), run.best_evaluation());
    EXPECT_EQ(again->current().rgb, run.current().rgb);
    EXPECT_EQ(again->changes(), run.changes());
    EXPECT_TRUE(again->recipe().changes.empty());
    EXPECT_EQ(again->recipe().style_weight, run.recipe().style_weight);
  }
  std::vector<Losses> losses_;
};

TEST_F(StylizationChangeTest, ARecipeWithItsChangesMakesTheSamePicture) {
  const auto pictures =
      Stylization::Share({.content = Pattern(36, 33, 1), .styles = {Pattern(40, 36, 2), Pattern(44, 40, 3)}});
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
    for (const Schedule schedule : {Schedule::kConstant, Schedule::kCosine}) {
      recipe_.optimizer = kind;
      recipe_.schedule = schedule;
      losses_.clear();
      const auto run = *Stylization::Create(model_, recipe_, pictures);
      ASSERT_TRUE(run->Change({.tv_weight = 2}).ok());
      Steps(run.get(), 3);
      ASSERT_TRUE(run->Change({.style_weight = 1, .iterations = 11}).ok());
      ASSERT_TRUE(run->Change({.learning_rate = 2, .style_picture_weights = {3, 1}}).ok());
      Steps(run.get(), 2);
      ASSERT_TRUE(run->Change({.style_layers = {{"block2_conv1", 0.5}}}).ok());
      while (!run->done()) Steps(run.get(), 1);
      EXPECT_EQ(losses_.size(), 12u);
      ASSERT_EQ(run->changes().size(), 4u);
      EXPECT_EQ(run->changes()[2].steps, 3);
      ExpectSameFromRecipe(*run, pictures);
    }
  }
}

TEST_F(StylizationChangeTest, ARecipeWithItsChangesMakesTheSamePictureOfSeveralLevels) {
  recipe_.pyramid_levels = 3;
  recipe_.iterations = 9;
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
    recipe_.optimizer = kind;
    losses_.clear();
    const auto run = *Stylization::Create(model_, recipe_, LargePictures());
    Steps(run.get(), 2);
    ASSERT_TRUE(run->Change({.content_weight = 3}).ok());
    Steps(run.get(), 1);
    ASSERT_EQ(run->current().width, 65);  // the level is over, the next hasn't begun
    ASSERT_TRUE(run->Change({.style_weight = 1, .iterations = 12}).ok());
    Steps(run.get(), 3);
    ASSERT_TRUE(run->Change({.content_weight = 0.5, .iterations = 10}).ok());
    while (!run->done()) Steps(run.get(), 1);
    EXPECT_EQ(run->steps(), 10);
    EXPECT_EQ(run->planned_steps(), 10);
    ExpectSameFromRecipe(*run, LargePictures());
  }
}

TEST_F(StylizationChangeTest, TheNextLossesAreUnderTheNewWeights) {
  const auto run = *Create();
  Steps(run.get(), 2);
  ASSERT_TRUE(run->Change({.content_weight = 7,
                           .style_weight = 3,
                           .tv_weight = 2,
                           .style_layers = {{"block3_conv1", 0.25}, {"block1_conv1", 4}}})
                  .ok());
  EXPECT_EQ(run->recipe().content_weight, 7);
  EXPECT_EQ(run->recipe().style_layers[2].weight, 0.25);
  EXPECT_EQ(run->recipe().style_layers[1].weight, recipe_.style_layers[1].weight);
  Steps(run.get(), 1);
  const Losses& l = losses_.back();
  double style = 0;
  for (size_t i = 0; i < l.style_layers.size(); ++i)
    style += run->recipe().style_layers[i].weight * l.style_layers[i];
  EXPECT_DOUBLE_EQ(l.style, style);
  EXPECT_NEAR(l.total, 7 * l.content + 3 * l.style + 2 * l.tv, 1e-9 * l.total);
}

TEST_F(StylizationChangeTest, StylePicturesGetOtherShares) {
  const std::vector<StylePicture> both = {Pattern(40, 36, 2), Pattern(50, 34, 3)};
  const auto run = *Create(both);
  ASSERT_TRUE(run->Change({.style_picture_weights = {1, 3}}).ok());
  recipe_.style_picture_weights = {1, 3};
  EXPECT_EQ(run->Step()->total, (*Create(both))->Step()->total);
}

TEST_F(StylizationChangeTest, TheBestIsUnderTheWeightsInForce) {
  // Style alone at first, then content alone: the start is the best picture there could be, but it's gone
  // by then. What is left is the best one before the change, held against the later ones.
  recipe_.content_weight = 0;
  const auto run = *Create();
  Steps(run.get(), 6);
  const Image before = run->best();
  const int before_evaluation = run->best_evaluation();
  const double old_loss = run->best_loss();
  ASSERT_TRUE(run->Change({.content_weight = 1e9, .learning_rate = 200}).ok());
  Steps(run.get(), 1);
  EXPECT_NE(run->best_loss(), old_loss);
  // The picture's loss, as a run that starts from it has it.
  Recipe recipe = run->recipe();
  recipe.init = Init::kPicture;
  recipe.iterations = 1;
  const auto other = *Stylization::Create(
      model_, recipe,
      Stylization::Share(
          {.content = Pattern(36, 33, 1), .styles = {Pattern(40, 36, 2)}, .init = run->best()}));
  EXPECT_EQ(other->Step()->total, run->best_loss());
  EXPECT_LE(run->best_loss(), losses_.back().total);
  if (run->best_evaluation() == before_evaluation) {
    EXPECT_EQ(run->best().rgb, before.rgb);
  }
  while (!run->done()) Steps(run.get(), 1);
  for (size_t k = 6; k < losses_.size(); ++k) EXPECT_LE(run->best_loss(), losses_[k].total);
}

TEST_F(StylizationChangeTest, AWorsePictureAfterTheChangeDoesNotTakeTheBestOnesPlace) {
  recipe_.learning_rate = 0.5;
  const auto run = *Create();
  Steps(run.get(), 5);
  // The first step under the new rate is a leap: whatever comes after it is worse than what was.
  ASSERT_TRUE(run->Change({.style_weight = 0.02, .learning_rate = 255}).ok());
  const int best = run->best_evaluation();
  const Image picture = run->best();
  Steps(run.get(), 1);
  const int after_one = run->best_evaluation();
  Run(run.get());
  EXPECT_EQ(run->best_evaluation(), after_one);
  EXPECT_TRUE(after_one == best || after_one == 6);
  if (after_one == best) {
    EXPECT_EQ(run->best().rgb, picture.rgb);
  }
}

TEST_F(StylizationChangeTest, AChangeOfTheRateAloneKeepsTheBestAndThePairs) {
  recipe_.optimizer = OptimizerKind::kLbfgs;
  const auto run = *Create();
  const auto untouched = *Create();
  Steps(run.get(), 3);
  for (int k = 0; k < 3; ++k) ASSERT_TRUE(untouched->Step().ok());
  // L-BFGS has no rate; and the same weights once more are no other objective.
  ASSERT_TRUE(run->Change({.style_weight = recipe_.style_weight, .learning_rate = 9}).ok());
  EXPECT_EQ(run->changes().size(), 1u);
  Run(run.get());
  Run(untouched.get());
  EXPECT_EQ(run->current().rgb, untouched->current().rgb);
  EXPECT_EQ(run->best_loss(), untouched->best_loss());
}

TEST_F(StylizationChangeTest, IterationsMayGrowAndShrinkToWhatIsMade) {
  const auto run = *Create();
  Steps(run.get(), 3);
  EXPECT_EQ(run->remaining_evaluations(), 6);
  ASSERT_TRUE(run->Change({.iterations = 20}).ok());
  EXPECT_EQ(run->planned_steps(), 20);
  EXPECT_EQ(run->remaining_evaluations(), 18);
  Steps(run.get(), 9);
  const absl::Status few = run->Change({.iterations = 11});
  EXPECT_EQ(few.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(few), "iterations");
  EXPECT_THAT(std::string(few.message()), HasSubstr("11 is less than the 12 steps"));
  ASSERT_TRUE(run->Change({.iterations = 12}).ok());
  EXPECT_EQ(run->remaining_evaluations(), 1);
  Steps(run.get(), 1);
  EXPECT_TRUE(run->done());
  EXPECT_EQ(run->steps(), 12);
  EXPECT_EQ(run->evaluations(), 13);
  EXPECT_EQ(run->Change({.iterations = 20}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StylizationChangeTest, IterationsAreSharedByTheLevelsThatAreLeft) {
  recipe_.pyramid_levels = 3;
  recipe_.iterations = 12;
  const auto run = *Stylization::Create(model_, recipe_, LargePictures());
  Steps(run.get(), 5);  // 4 and 1
  ASSERT_TRUE(run->Change({.iterations = 10}).ok());
  while (!run->done()) Steps(run.get(), 1);
  std::vector<int> levels;
  for (const Losses& losses : losses_) levels.push_back(losses.level);
  EXPECT_EQ(levels, (std::vector<int>{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2}));
  EXPECT_EQ(run->steps(), 10);
}

TEST_F(StylizationChangeTest, ARunThatIsToldToEndGoesThroughTheFinerLevels) {
  recipe_.pyramid_levels = 3;
  recipe_.iterations = 12;
  const auto run = *Stylization::Create(model_, recipe_, LargePictures());
  Steps(run.get(), 2);
  ASSERT_TRUE(run->Change({.iterations = 2}).ok());
  EXPECT_EQ(run->planned_steps(), 5);
  while (!run->done()) Steps(run.get(), 1);
  EXPECT_EQ(run->steps(), 5);
  EXPECT_EQ(run->best().width, 260);
  EXPECT_EQ(losses_[2].level, 0);
  EXPECT_EQ(losses_[3].level, 1);
  EXPECT_EQ(losses_[4].level, 2);
}

TEST_F(StylizationChangeTest, TheStallRuleBeginsAnewAndTheCountOfEvaluationsDoesNot) {
  recipe_.iterations = 8;
  recipe_.learning_rate = 1e-9;  // nothing moves
  recipe_.stall_evaluations = 4;
  recipe_.stall_improvement = 0.01;
  const auto run = *Create();
  Steps(run.get(), 4);  // one more and it has stalled
  ASSERT_TRUE(run->Change({.style_weight = 1}).ok());
  while (!run->done()) Steps(run.get(), 1);
  EXPECT_EQ(run->evaluations(), 9);  // the fifth after the change is also the last that there is
  EXPECT_EQ(run->steps(), 8);
  const auto other = *Create();
  Steps(other.get(), 4);
  ASSERT_TRUE(other->Change({.learning_rate = 1e-8}).ok());  // losses compare as before
  Steps(other.get(), 1);
  EXPECT_TRUE(other->done());
}

TEST_F(StylizationChangeTest, AdamsStepsKeepTheirLengthWhenTheWeightsGrow) {
  recipe_.content_weight = 0;
  recipe_.learning_rate = 1;
  recipe_.epsilon = 1e-12;
  recipe_.iterations = 40;
  const auto run = *Create();
  const auto untouched = *Create();
  const auto step = [](Stylization* r) {
    const std::vector<float> before = r->current().rgb;
    EXPECT_TRUE(r->Step().ok());
    double sum = 0;
    for (size_t i = 0; i < before.size(); ++i) sum += std::abs(r->current().rgb[i] - before[i]);
    return sum / static_cast<double>(before.size());
  };
  for (int k = 0; k < 10; ++k) EXPECT_EQ(step(run.get()), step(untouched.get()));
  ASSERT_TRUE(run->Change({.style_weight = 1e4 * recipe_.style_weight}).ok());
  // The same objective 10^4 times: but for rounding, and for the gradient's own change in one step, the
  // steps are the same. Moments left alone would make the first step 30 times as long.
  for (int k = 0; k < 10; ++k) {
    const double one = step(run.get()), other = step(untouched.get());
    EXPECT_NEAR(one, other, 0.3 * other) << k;
  }
}

TEST_F(StylizationChangeTest, NothingChangesOnAnError) {
  const auto run = *Create();
  const auto untouched = *Create();
  Steps(run.get(), 3);
  for (int k = 0; k < 3; ++k) ASSERT_TRUE(untouched->Step().ok());
  const struct {
    RecipeChange change;
    const char* field;
    const char* words;
  } cases[] = {
      {{.content_weight = -1}, "content_weight", "at least 0"},
      {{.style_weight = 0}, "style_weight", "above 0"},
      {{.tv_weight = std::nan("")}, "tv_weight", "nan"},
      {{.style_weight = 1, .learning_rate = 256}, "learning_rate", "at most 255"},
      {{.iterations = 2}, "iterations", "2 is less than the 3 steps"},
      {{.iterations = 100'001}, "iterations", "at most 100000"},
      {{.content_weight = 3, .style_layers = {{"block1_conv2", 1}}},
       "style_layers[0].layer",
       "fixed at its start: block1_conv1, block2_conv1"},
      {{.content_layers = {{"block5_conv2", 1}, {"block5_conv2", 2}}}, "content_layers[1].layer", "twice"},
      {{.style_layers = {{"block1_conv1", -1}}}, "style_layers[0].weight", "at least 0"},
      {{.style_layers = {{"block1_conv1", 0},
                         {"block2_conv1", 0},
                         {"block3_conv1", 0},
                         {"block4_conv1", 0},
                         {"block5_conv1", 0}}},
       "style_layers",
       "nothing to paint after"},
      {{.style_picture_weights = {1, 2}}, "style_picture_weights", "2 weights for 1 style pictures"},
      {{.style_picture_weights = {0}}, "style_picture_weights", "all are 0"},
  };
  for (const auto& [change, field, words] : cases) {
    const absl::Status status = run->Change(change);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
  EXPECT_TRUE(run->Change({}).ok());
  EXPECT_TRUE(run->changes().empty());
  Run(run.get());
  Run(untouched.get());
  EXPECT_EQ(run->current().rgb, untouched->current().rgb);
  EXPECT_EQ(run->best_loss(), untouched->best_loss());
}

TEST_F(StylizationChangeTest, PlannedChangesStayPossible) {
  recipe_.changes = {{.steps = 4, .iterations = 6}, {.steps = 6, .content_weight = 2}};
  const auto run = *Create();
  EXPECT_EQ(run->recipe().changes, recipe_.changes);
  Steps(run.get(), 5);
  EXPECT_EQ(run->changes(), (std::vector<RecipeChange>{recipe_.changes[0]}));
  EXPECT_EQ(run->recipe().iterations, 6);
  Run(run.get());
  EXPECT_EQ(run->steps(), 6);
  EXPECT_EQ(run->changes(), recipe_.changes);

  recipe_.changes = {{.steps = 4, .style_layers = {{"block1_conv1", 0}, {"block2_conv1", 0}}}};
  const auto other = *Create();
  const absl::Status spoiled =
      other->Change({.style_layers = {{"block3_conv1", 0}, {"block4_conv1", 0}, {"block5_conv1", 0}}});
  EXPECT_EQ(FieldOf(spoiled), "changes[0].style_layers");
}

TEST_F(StylizationChangeTest, ThereIsAnEndToChanges) {
  const auto run = *Create();
  for (size_t k = 0; k < kMaxRecipeChanges; ++k) {
    ASSERT_TRUE(run->Change({.learning_rate = k % 2 == 0 ? 1.0 : 2.0}).ok());
  }
  EXPECT_EQ(run->Change({.learning_rate = 1}).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace impasto::engine
