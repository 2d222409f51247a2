// Runs that are saved, given up and taken up again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <string>

#include "tests/server/engine/stylization_fixture.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

class StylizationRestoreTest : public StylizationTest {
 protected:
  using Pictures = std::shared_ptr<const Stylization::Pictures>;

  absl::StatusOr<std::unique_ptr<Stylization>> Restore(RunState state) {
    return Stylization::Restore(model_, recipe_, pictures_, std::move(state));
  }

  // There and back through the stored form.
  static RunState Stored(const RunState& state) {
    std::ostringstream out;
    EXPECT_TRUE(WriteRunState(state, [&](absl::string_view bytes) {
                  out << bytes;
                  return absl::OkStatus();
                }).ok());
    std::istringstream in(out.str());
    absl::StatusOr<RunState> read = ReadRunState(in);
    EXPECT_TRUE(read.ok()) << read.status();
    return *std::move(read);
  }

  // A run that is saved, given up and restored before every step goes the way of one that never was. `change`
  // is called before every step of both, and once more for nothing after each restoring.
  void ExpectSame(const std::function<void(Stylization*)>& change = [](Stylization*) {}) {
    auto whole = *Stylization::Create(model_, recipe_, pictures_);
    auto pieces = *Stylization::Create(model_, recipe_, pictures_);
    while (true) {
      pieces = *Restore(Stored(pieces->SaveState()));
      if (whole->done()) break;
      change(whole.get());
      change(pieces.get());
      auto restored = Restore(pieces->SaveState());
      ASSERT_TRUE(restored.ok()) << restored.status();
      pieces = *std::move(restored);
      const Losses a = *whole->Step();
      const absl::StatusOr<Losses> b = pieces->Step();
      ASSERT_TRUE(b.ok()) << b.status();
      EXPECT_EQ(a.total, b->total) << whole->evaluations();
      EXPECT_EQ(a.style_layers, b->style_layers);
      ASSERT_EQ(whole->current().rgb, pieces->current().rgb) << whole->evaluations();
      EXPECT_EQ(whole->best_loss(), pieces->best_loss());
      EXPECT_EQ(whole->best_evaluation(), pieces->best_evaluation());
      EXPECT_EQ(whole->planned_steps(), pieces->planned_steps());
      EXPECT_EQ(whole->remaining_evaluations(), pieces->remaining_evaluations());
    }
    EXPECT_TRUE(pieces->done());
    EXPECT_EQ(whole->best().rgb, pieces->best().rgb);
    EXPECT_EQ(whole->changes(), pieces->changes());
    EXPECT_EQ(whole->steps(), pieces->steps());
    EXPECT_EQ(pieces->Step().status().code(), absl::StatusCode::kOutOfRange);
  }

  Pictures pictures_ =
      Stylization::Share({.content = Pattern(36, 33, 1), .styles = {Pattern(40, 36, 2), Pattern(44, 40, 3)}});
};

void ChangeWeights(Stylization* run) {
  if (run->steps() == 2) {
    ASSERT_TRUE(run->Change({.style_weight = 1}).ok());
    ASSERT_TRUE(run->Change({.iterations = 9, .style_picture_weights = {1, 3}}).ok());
  }
  if (run->steps() == 4) {
    ASSERT_TRUE(run->Change({.tv_weight = 2, .learning_rate = 3}).ok());
  }
}

TEST_F(StylizationRestoreTest, GoesOnBitForBit) {
  for (const char* executor : {"cpu", "torch"}) {
    LoadModel(executor);
    for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
      for (const Init init : {Init::kContent, Init::kNoise}) {
        SCOPED_TRACE(::testing::Message() << executor << " " << static_cast<int>(kind));
        recipe_.optimizer = kind;
        recipe_.init = init;
        recipe_.schedule = Schedule::kCosine;
        recipe_.iterations = 7;
        recipe_.lbfgs_history = 3;
        ExpectSame();
        ExpectSame(ChangeWeights);
      }
    }
  }
}

TEST_F(StylizationRestoreTest, GoesOnBitForBitThroughLevels) {
  pictures_ = LargePictures();
  recipe_.pyramid_levels = 3;
  recipe_.iterations = 8;
  for (const char* executor : {"cpu", "torch"}) {
    LoadModel(executor);
    for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
      recipe_.optimizer = kind;
      ExpectSame([](Stylization* run) {
        // At a level's end, and within one.
        if (run->steps() == 3 || run->steps() == 5) {
          ASSERT_TRUE(run->Change({.content_weight = 1.0 * run->steps()}).ok());
        }
      });
    }
  }
}

TEST_F(StylizationRestoreTest, GoesOnBitForBitWhereLevelsStall) {
  pictures_ = LargePictures();
  recipe_.pyramid_levels = 3;
  recipe_.iterations = 30;
  recipe_.learning_rate = 1e-9;
  recipe_.stall_evaluations = 2;
  recipe_.stall_improvement = 0.01;
  ExpectSame();
  ExpectSame([](Stylization* run) {
    if (run->steps() == 4) {
      ASSERT_TRUE(run->Change({.iterations = 12}).ok());
    }
  });
}

TEST_F(StylizationRestoreTest, PlannedChangesGoOnToo) {
  recipe_.iterations = 6;
  recipe_.changes = {
      {.steps = 2, .style_weight = 1}, {.steps = 2, .tv_weight = 1}, {.steps = 4, .iterations = 8}};
  ExpectSame();
  ExpectSame([](Stylization* run) {
    if (run->steps() == 2) {
      ASSERT_TRUE(run->Change({.content_weight = 3}).ok());
    }
  });
}

TEST_F(StylizationRestoreTest, ChangesAfterTheStateAreMadeAgain) {
  recipe_.iterations = 7;
  recipe_.optimizer = OptimizerKind::kLbfgs;
  const auto run = *Stylization::Create(model_, recipe_, pictures_);
  for (int k = 0; k < 3; ++k) ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->Change({.style_weight = 1}).ok());
  const RunState state = run->SaveState();
  ASSERT_TRUE(run->Change({.tv_weight = 1}).ok());  // at the same step, after the state
  for (int k = 0; k < 2; ++k) ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->Change({.content_weight = 2, .iterations = 9}).ok());
  Run(run.get());
  // What a journal has: the recipe with all the changes.
  recipe_.changes = run->changes();
  const auto restored = *Restore(state);
  EXPECT_EQ(restored->recipe().changes.size(), 2u);
  Run(restored.get());
  EXPECT_EQ(restored->best().rgb, run->best().rgb);
  EXPECT_EQ(restored->current().rgb, run->current().rgb);
  EXPECT_EQ(restored->changes(), run->changes());
}

TEST_F(StylizationRestoreTest, AStateIsNotTouchedByTheRunThatGoesOn) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
    recipe_.optimizer = kind;
    recipe_.iterations = 12;
    recipe_.lbfgs_history = 3;
    const auto run = *Stylization::Create(model_, recipe_, pictures_);
    for (int k = 0; k < 6; ++k) ASSERT_TRUE(run->Step().ok());
    const RunState state = run->SaveState();
    const RunState copy = Stored(state);
    Run(run.get());
    EXPECT_EQ(state.current.rgb, copy.current.rgb);
    EXPECT_EQ(state.best->rgb, copy.best->rgb);
    ASSERT_EQ(state.optimizer.vectors.size(), copy.optimizer.vectors.size());
    for (size_t k = 0; k < copy.optimizer.vectors.size(); ++k)
      EXPECT_EQ(*state.optimizer.vectors[k], *copy.optimizer.vectors[k]);
  }
}

TEST_F(StylizationRestoreTest, StylePicturesOfAKnownStyleAreNeverLookedAt) {
  // A source with a memory of its own, as a store on disk has.
  std::vector<std::pair<Size, std::shared_ptr<const StyleStatistics>>> known;
  int computed = 0;
  const StyleStatisticsSource source =
      [&](const StyleStatisticsRequest& request) -> absl::StatusOr<std::shared_ptr<const StyleStatistics>> {
    EXPECT_EQ(request.layers.size(), 5u);
    for (const auto& [size, statistics] : known) {
      if (size == request.size) return statistics;
    }
    ++computed;
    known.emplace_back(request.size, std::make_shared<const StyleStatistics>(*request.compute()));
    return known.back().second;
  };
  recipe_.pyramid_levels = 3;
  const auto first = *Stylization::Create(model_, recipe_, LargePictures(), source);
  Run(first.get());
  EXPECT_EQ(computed, 3);
  EXPECT_EQ(known[0].first, (Size{64, 75}));
  EXPECT_EQ(known[2].first, (Size{256, 300}));
  // A forward pass needs pixels, and nobody asks for them.
  int asked = 0;
  const auto pictures = Stylization::Share(
      {.content = Pattern(260, 255, 1),
       .styles = {StylePicture(Size{256, 300}, [&]() -> absl::StatusOr<std::shared_ptr<const Image>> {
         ++asked;
         return absl::UnavailableError("not decoded");
       })}});
  const auto second = *Stylization::Create(model_, recipe_, pictures, source);
  ASSERT_TRUE(second->Step().ok());
  const RunState state = second->SaveState();
  const auto third = *Stylization::Restore(model_, recipe_, pictures, state, source);
  Run(second.get());
  Run(third.get());
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(computed, 3);
  EXPECT_EQ(second->best().rgb, first->best().rgb);
  EXPECT_EQ(third->best().rgb, first->best().rgb);
  // Without the source they are asked for.
  EXPECT_EQ(Stylization::Create(model_, recipe_, pictures).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(asked, 1);
}

TEST_F(StylizationRestoreTest, StatisticsOfOtherLayersAreRefused) {
  const StyleStatisticsSource source =
      [](const StyleStatisticsRequest& request) -> absl::StatusOr<std::shared_ptr<const StyleStatistics>> {
    StyleStatistics statistics = *request.compute();
    statistics.grams[1].pop_back();
    return std::make_shared<const StyleStatistics>(std::move(statistics));
  };
  const absl::Status status = Stylization::Create(model_, recipe_, pictures_, source).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
}

TEST_F(StylizationRestoreTest, RefusesAStateThatDoesNotFit) {
  recipe_.optimizer = OptimizerKind::kLbfgs;
  recipe_.iterations = 9;
  const auto run = *Stylization::Create(model_, recipe_, pictures_);
  for (int k = 0; k < 4; ++k) ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->Change({.style_weight = 1}).ok());
  ASSERT_TRUE(run->Step().ok());
  const RunState good = run->SaveState();
  ASSERT_TRUE(Restore(good).ok());
  const std::function<void(RunState&)> spoils[] = {
      [](RunState& s) { s.level = 1; },
      [](RunState& s) { s.level = -1; },
      [](RunState& s) {
        s.level_iterations = {5, 4};
      },
      [](RunState& s) { s.level_iterations = {4}; },
      [](RunState& s) { s.level_iterations = {-1}; },
      [](RunState& s) { s.level_iterations = {1 << 30}; },
      [](RunState& s) { s.steps = 4; },
      [](RunState& s) { s.evaluations = 6; },
      [](RunState& s) { s.level_evaluations = 3; },
      [](RunState& s) { s.level_evaluations = -3; },
      [](RunState& s) { s.done = true; },
      [](RunState& s) { s.level_ended = true; },
      [](RunState& s) { s.current = Pattern(36, 32, 1); },
      [](RunState& s) { s.current.rgb.pop_back(); },
      [](RunState& s) { s.best = nullptr; },
      [](RunState& s) { s.best = std::make_shared<const Image>(Pattern(35, 33, 1)); },
      [](RunState& s) { s.best_evaluation = 6; },
      [](RunState& s) { s.best_evaluation = 0; },
      [](RunState& s) { s.best_level = 1; },
      [](RunState& s) { s.changes[0].steps = 6; },
      [](RunState& s) { s.changes[0].steps = -1; },
      [](RunState& s) { s.changes[0].style_weight = -1; },
      [](RunState& s) {
        s.changes[0].style_layers = {{"block1_conv2", 1}};
      },
      [](RunState& s) { s.changes[0].style_picture_weights = {1}; },
      [](RunState& s) { s.optimizer = {}; },
      [](RunState& s) { s.optimizer.vectors.pop_back(); },
      [](RunState& s) { s.optimizer.vectors[0] = nullptr; },
      [](RunState& s) { s.optimizer.vectors[0] = std::make_shared<const std::vector<float>>(7); },
  };
  for (size_t k = 0; k < std::size(spoils); ++k) {
    RunState bad = good;
    spoils[k](bad);
    EXPECT_EQ(Restore(bad).status().code(), absl::StatusCode::kInvalidArgument) << k;
  }
  // A state of another optimiser, and of another picture.
  recipe_.optimizer = OptimizerKind::kAdam;
  EXPECT_EQ(Restore(good).status().code(), absl::StatusCode::kInvalidArgument);
  recipe_.optimizer = OptimizerKind::kLbfgs;
  pictures_ = Stylization::Share({.content = Pattern(40, 33, 1), .styles = {Pattern(40, 36, 2)}});
  const absl::Status other = Restore(good).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(other.message()),
              HasSubstr("36 x 33 pixels at level 0, and the run's has 40 x 33"));
}

}  // namespace
}  // namespace impasto::engine
