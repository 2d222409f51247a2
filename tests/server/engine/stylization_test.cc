#include "engine/stylization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/field_error.h"
#include "base/resample.h"
#include "engine/pyramid.h"
#include "tests/server/engine/stylization_fixture.h"

namespace impasto::engine {
namespace {

TEST_F(StylizationTest, NIterationsGiveNPlusOneLosses) {
  const auto run = *Create();
  EXPECT_EQ(run->best_evaluation(), 0);
  EXPECT_EQ(Run(run.get()).size(), 6u);
  EXPECT_EQ(run->evaluations(), 6);
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(StylizationTest, StartsAtTheContentPicture) {
  const auto run = *Create();
  const Losses first = *run->Step();
  EXPECT_EQ(first.content, 0);
  EXPECT_GT(first.style, 0);
  EXPECT_EQ(run->best().rgb, Pattern(36, 33, 1).rgb);
  EXPECT_NE(run->current().rgb, run->best().rgb);
}

TEST_F(StylizationTest, TheTotalIsTheWeightedSum) {
  recipe_.tv_weight = 3;
  recipe_.content_layers = {{"block3_conv2", 0.5}, {"block2_conv1", 2}};
  const auto run = *Create();
  for (const Losses& l : Run(run.get())) {
    EXPECT_DOUBLE_EQ(l.content, 0.5 * l.content_layers[0] + 2 * l.content_layers[1]);
    EXPECT_NEAR(l.total, 1e5 * l.content + 1e-2 * l.style + 3 * l.tv, 1e-9 * l.total);
    EXPECT_GT(l.tv, 0);
  }
}

TEST_F(StylizationTest, TheBestPictureIsTheOneItsLossBelongsTo) {
  recipe_.iterations = 8;
  const auto run = *Create();
  std::vector<Image> pictures = {run->current()};
  std::vector<double> totals;
  while (!run->done()) {
    totals.push_back(run->Step()->total);
    pictures.push_back(run->current());
  }
  const size_t best = std::min_element(totals.begin(), totals.end()) - totals.begin();
  EXPECT_EQ(run->best_loss(), totals[best]);
  EXPECT_EQ(run->best_evaluation(), static_cast<int>(best) + 1);
  EXPECT_EQ(run->best().rgb, pictures[best].rgb);
}

TEST_F(StylizationTest, TheLastPictureCanBeTheBest) {
  recipe_.iterations = 2;
  recipe_.content_weight = 0;
  recipe_.learning_rate = 0.01;  // small enough that every step is downhill
  const auto run = *Create();
  Run(run.get());
  EXPECT_EQ(run->best_evaluation(), 3);
  EXPECT_EQ(run->best().rgb, run->current().rgb);
}

TEST_F(StylizationTest, StaysWithinTheBox) {
  recipe_.learning_rate = 200;
  const auto run = *Create();
  Run(run.get());
  for (const float v : run->current().rgb) ASSERT_TRUE(v >= 0 && v <= 255);
}

TEST_F(StylizationTest, RepeatsBitForBit) {
  recipe_.init = Init::kNoise;
  recipe_.seed = 9;
  const auto a = *Create();
  const auto b = *Create();
  Run(a.get());
  Run(b.get());
  EXPECT_EQ(a->current().rgb, b->current().rgb);
  recipe_.seed = 10;
  const auto c = *Create();
  EXPECT_NE(a->best().rgb, c->best().rgb);
}

TEST_F(StylizationTest, SeveralStylesAreTheSumOfTheirLosses) {
  const Image one = Pattern(40, 36, 2), two = Pattern(50, 34, 3);
  const auto loss = [&](std::vector<StylePicture> styles, std::vector<double> weights) {
    recipe_.style_picture_weights = std::move(weights);
    return (*Create(std::move(styles)))->Step()->style;
  };
  const double expected = 0.25 * loss({one}, {}) + 0.75 * loss({two}, {});
  EXPECT_NEAR(loss({one, two}, {1, 3}), expected, 1e-5 * expected);
  EXPECT_NEAR(loss({one, one}, {}), loss({one}, {}), 1e-5 * expected);
}

TEST_F(StylizationTest, PaperNormalisationIsSumsAndAQuarter) {
  recipe_.init = Init::kNoise;
  const Losses mean = *(*Create())->Step();
  recipe_.normalization = Normalization::kPaper;
  const Losses paper = *(*Create())->Step();
  EXPECT_NEAR(paper.style, mean.style / 4, 1e-6 * mean.style);
  EXPECT_NEAR(paper.content, mean.content * (512 / 16) * 2 * 2,
              1e-6 * paper.content);  // block5: 32 maps of 2 x 2
}

TEST_F(StylizationTest, StartsFromAPicture) {
  recipe_.init = Init::kPicture;
  const auto run = Create({Pattern(40, 36, 2)}, Pattern(36, 33, 8));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ((*run)->current().rgb, Pattern(36, 33, 8).rgb);
  const absl::Status wrong = Create({Pattern(40, 36, 2)}, Pattern(36, 32, 8)).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(wrong), "initial");
}

TEST_F(StylizationTest, ALossThatIsNotFiniteStopsItAndKeepsTheBest) {
  const Graph graph = testing::SmallNet(Vgg19(), 16);
  Weights weights = testing::SeededWeights(graph, 5);
  for (float& v : weights.layers.at("block2_conv1").kernel) v *= 1e30f;
  model_ = *Model::Load(graph, std::move(weights), {.device = "cpu", .threads = 1});
  const auto run = *Create();
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(run->best().rgb, Pattern(36, 33, 1).rgb);
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StylizationTest, LbfgsIsRepeatableAndStaysWithinTheBox) {
  recipe_.optimizer = OptimizerKind::kLbfgs;
  recipe_.iterations = 20;
  recipe_.content_weight = 1;
  const auto a = *Create();
  const auto b = *Create();
  const std::vector<Losses> losses = Run(a.get());
  Run(b.get());
  EXPECT_EQ(a->current().rgb, b->current().rgb);
  EXPECT_LT(a->best_loss(), 0.5 * losses.front().total);
  for (const float v : a->current().rgb) ASSERT_TRUE(v >= 0 && v <= 255);
  recipe_.lbfgs_history = 2;
  const auto c = *Create();
  Run(c.get());
  EXPECT_NE(a->current().rgb, c->current().rgb);
}

TEST_F(StylizationTest, TheScheduleLetsTheLastStepsShrink) {
  recipe_.iterations = 10;
  recipe_.schedule = Schedule::kCosine;
  const auto run = *Create();
  std::vector<float> before;
  double change = 0, first = 0;
  while (!run->done()) {
    before = run->current().rgb;
    ASSERT_TRUE(run->Step().ok());
    if (run->evaluations() > 10) break;
    change = 0;
    for (size_t i = 0; i < before.size(); ++i) change += std::abs(run->current().rgb[i] - before[i]);
    if (run->evaluations() == 1) first = change;
  }
  EXPECT_LT(change, 0.1 * first);
}

TEST_F(StylizationTest, ARunThatStallsEndsWithItsLatestLosses) {
  recipe_.iterations = 50;
  recipe_.learning_rate = 1e-9;  // nothing moves
  recipe_.stall_evaluations = 4;
  recipe_.stall_improvement = 0.01;
  const auto run = *Create();
  EXPECT_EQ(run->planned_steps(), 50);
  EXPECT_EQ(Run(run.get()).size(), 5u);  // the fifth is the first that has four behind it
  EXPECT_EQ(run->evaluations(), 5);
  EXPECT_EQ(run->steps(), 4);
  EXPECT_EQ(run->planned_steps(), 4);
  EXPECT_EQ(run->remaining_evaluations(), 0);
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(StylizationTest, ARunThatImprovesEnoughDoesNotStall) {
  recipe_.iterations = 8;
  recipe_.content_weight = 0;
  recipe_.stall_evaluations = 3;
  recipe_.stall_improvement = 1e-12;
  recipe_.optimizer = OptimizerKind::kLbfgs;
  const auto run = *Create();
  EXPECT_EQ(Run(run.get()).size(), 9u);
}

class PyramidStylizationTest : public StylizationTest {
 protected:
  PyramidStylizationTest() {
    recipe_.pyramid_levels = 3;
    recipe_.iterations = 7;
    recipe_.optimizer = OptimizerKind::kLbfgs;
  }
  std::unique_ptr<Stylization> CreateLarge() {
    auto run = Stylization::Create(model_, recipe_, LargePictures());
    EXPECT_TRUE(run.ok()) << run.status();
    return *std::move(run);
  }
};

TEST_F(PyramidStylizationTest, GoesFromCoarseToFine) {
  const auto run = CreateLarge();
  EXPECT_EQ(run->recipe().pyramid_levels, 3);
  EXPECT_EQ(run->levels(), 3);
  EXPECT_EQ(run->current().width, 65);
  EXPECT_EQ(run->current().height, 64);
  const std::vector<int> split = LevelIterations(7, 3);
  std::vector<int> levels;
  while (!run->done()) {
    const int level = run->Step()->level;
    levels.push_back(level);
    EXPECT_EQ(run->level(), level);
    EXPECT_EQ(run->best_level(), level);
    const Size size = SizeAtLevel({260, 255}, level, 3);
    EXPECT_EQ(run->best().width, size.width);
    EXPECT_EQ(run->best().height, size.height);
    EXPECT_EQ(run->current().rgb.size(), run->best().rgb.size());
    EXPECT_EQ(run->steps(), std::min(run->evaluations(), 7));
  }
  std::vector<int> expected;
  for (int level = 0; level < 3; ++level) expected.insert(expected.end(), split[level] + (level == 2), level);
  EXPECT_EQ(levels, expected);
  EXPECT_EQ(run->planned_steps(), 7);
  EXPECT_EQ(run->best().width, 260);
}

TEST_F(PyramidStylizationTest, WhatIsLeftCountsInPixels) {
  const auto run = CreateLarge();
  const std::vector<int> split = LevelIterations(7, 3);
  const double first = 65 * 64, second = 130 * 128, third = 260 * 255;
  EXPECT_DOUBLE_EQ(run->remaining_evaluations(),
                   split[0] + split[1] * second / first + (split[2] + 1) * third / first);
  for (int k = 0; k < split[0] + 1; ++k) ASSERT_TRUE(run->Step().ok());
  EXPECT_DOUBLE_EQ(run->remaining_evaluations(), split[1] - 1 + (split[2] + 1) * third / second);
  Run(run.get());
  EXPECT_EQ(run->remaining_evaluations(), 0);
}

TEST_F(PyramidStylizationTest, AFinerLevelStartsFromTheBestOfTheCoarserEnlarged) {
  const auto run = CreateLarge();
  const std::vector<int> split = LevelIterations(7, 3);
  for (int k = 0; k < split[0]; ++k) ASSERT_TRUE(run->Step().ok());
  const Image best = run->best();
  EXPECT_EQ(run->current().rgb, best.rgb);
  EXPECT_EQ(run->best_level(), 0);
  ASSERT_TRUE(run->Step().ok());
  // Whatever its loss: the finest level's picture is the best one.
  EXPECT_EQ(run->best_level(), 1);
  EXPECT_EQ(run->best_evaluation(), split[0] + 1);
  EXPECT_EQ(run->best().rgb, Resampled(best, 130, 128).rgb);
}

TEST_F(PyramidStylizationTest, ALevelThatStallsMakesWayForTheNext) {
  recipe_.optimizer = OptimizerKind::kAdam;
  recipe_.learning_rate = 1e-9;
  recipe_.iterations = 60;
  recipe_.stall_evaluations = 1;
  recipe_.stall_improvement = 0.01;
  const auto run = CreateLarge();
  std::vector<int> levels;
  std::vector<int> planned;
  while (!run->done()) {
    levels.push_back(run->Step()->level);
    planned.push_back(run->planned_steps());
  }
  EXPECT_EQ(levels, (std::vector<int>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(planned.front(), 60);
  EXPECT_EQ(planned.back(), 5);
  EXPECT_EQ(run->steps(), 5);
  EXPECT_EQ(run->best().width, 260);
}

TEST_F(PyramidStylizationTest, AdamsMomentsGoUp) {
  // With a rate that hardly moves the picture the gradients of two levels differ by the density of the pixels
  // alone; a run whose moments came up right goes on with steps of about the same length. Moments that began
  // anew, or weren't scaled, would make the first step of a level 10 times as long, or more.
  recipe_.optimizer = OptimizerKind::kAdam;
  recipe_.pyramid_levels = 2;
  recipe_.learning_rate = 0.01;
  recipe_.beta1 = 0.9;
  recipe_.epsilon = 1e-12;
  recipe_.iterations = 24;
  recipe_.content_weight = 0;
  const auto run = CreateLarge();
  const std::vector<int> split = LevelIterations(24, 2);
  double coarse = 0;
  while (run->evaluations() <= split[0]) {
    const std::vector<float> before = run->current().rgb;
    ASSERT_TRUE(run->Step().ok());
    double sum = 0;
    if (run->current().rgb.size() == before.size()) {
      for (size_t i = 0; i < before.size(); ++i) sum += std::abs(run->current().rgb[i] - before[i]);
      if (run->evaluations() == split[0] - 1) coarse = sum / static_cast<double>(before.size());
      continue;
    }
    const std::vector<float>& start = run->best().rgb;
    for (size_t i = 0; i < start.size(); ++i) {
      const float value = run->current().rgb[i];
      ASSERT_TRUE(std::isfinite(value));
      sum += std::abs(value - start[i]);
    }
    EXPECT_LT(sum / static_cast<double>(start.size()), 1.5 * coarse);
    EXPECT_GT(sum / static_cast<double>(start.size()), 0.1 * coarse);
  }
}

TEST_F(PyramidStylizationTest, TheScheduleBeginsAnewAtEachLevel) {
  recipe_.optimizer = OptimizerKind::kAdam;
  recipe_.schedule = Schedule::kCosine;
  recipe_.pyramid_levels = 2;
  recipe_.iterations = 8;
  const auto run = CreateLarge();
  for (int k = 0; k < 4; ++k) ASSERT_TRUE(run->Step().ok());
  const Image start = Resampled(run->best(), 260, 255);
  ASSERT_TRUE(run->Step().ok());
  EXPECT_NE(run->current().rgb, start.rgb);  // at its end the rate is 0
}

TEST_F(PyramidStylizationTest, EveryStartHasItsCoarsePicture) {
  recipe_.init = Init::kPicture;
  EXPECT_EQ(CreateLarge()->current().rgb, Resampled(Pattern(260, 255, 8), 65, 64).rgb);
  recipe_.init = Init::kContent;
  EXPECT_EQ(CreateLarge()->current().rgb, Resampled(Pattern(260, 255, 1), 65, 64).rgb);
  recipe_.init = Init::kNoise;
  EXPECT_EQ(CreateLarge()->current().rgb.size(), 3u * 65 * 64);
}

TEST_F(PyramidStylizationTest, RepeatsBitForBit) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
    recipe_.optimizer = kind;
    const auto a = CreateLarge();
    const auto b = CreateLarge();
    Run(a.get());
    Run(b.get());
    EXPECT_EQ(a->best().rgb, b->best().rgb);
  }
}

TEST_F(StylizationTest, RefusesWhatCantRun) {
  EXPECT_EQ(FieldOf(Create({}).status()), "styles");
  recipe_.style_picture_weights = {1, 2};
  EXPECT_EQ(FieldOf(Create().status()), "style_picture_weights");
  recipe_.style_picture_weights.clear();
  const absl::Status small = Create({Pattern(40, 36, 2), Pattern(12, 40, 2)}).status();
  EXPECT_EQ(small.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(small), "styles[1]");
}

}  // namespace
}  // namespace impasto::engine
