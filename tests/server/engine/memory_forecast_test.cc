#include "engine/memory_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/field_error.h"
#include "engine/pyramid.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Model> LoadSmall(const Graph& net, const std::string& executor,
                                       const std::string& without = "") {
  const Graph graph = testing::SmallNet(net, 16);
  Weights weights = testing::SeededWeights(graph, 3);
  weights.layers.erase(without);
  const DeviceOptions options{
      .device = "cpu", .threads = 2, .executor = executor, .torch_memory_format = TorchMemoryFormat::kNchw};
  return *Model::Load(graph, std::move(weights), options);
}

Recipe Painterly(const Model& model) { return *MakePreset("painterly", model.name(), model.family()); }

class MemoryForecastTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<const Model> Vgg() const { return LoadSmall(Vgg19(), GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Executors, MemoryForecastTest, ::testing::Values("cpu", "torch"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(MemoryForecastTest, GrowsWithPicturesAndLevels) {
  for (const Graph& net : {Vgg19(), ResNet50()}) {
    const auto model = LoadSmall(net, GetParam());
    for (const OptimizerKind optimizer : {OptimizerKind::kAdam, OptimizerKind::kLbfgs}) {
      Recipe recipe = Painterly(*model);
      recipe.optimizer = optimizer;
      MemoryForecast before;
      for (int side = 64; side <= 8192; side *= 2) {
        const MemoryForecast forecast =
            *ForecastMemory(*model, recipe, {side, side * 3 / 4}, {{side, side * 3 / 4}});
        EXPECT_GT(forecast.peak_bytes, before.peak_bytes) << side;
        EXPECT_GT(forecast.waiting_bytes, before.waiting_bytes) << side;
        EXPECT_LT(forecast.waiting_bytes, forecast.peak_bytes) << side;
        before = forecast;
      }
    }
  }
}

TEST_P(MemoryForecastTest, WaitingIsPicturesAndTheStateOfTheRun) {
  const auto model = Vgg();
  Recipe recipe = Painterly(*model);
  const int64_t planes = int64_t{12} * 512 * 384;
  const auto waiting = [&] {
    return ForecastMemory(*model, recipe, {512, 384}, {{512, 384}})->waiting_bytes;
  };
  // The content, the picture, the best one; pairs, and the accepted point with its gradient.
  EXPECT_EQ(waiting(), 3 * planes + 11 * 2 * planes);
  recipe.lbfgs_history = 20;
  EXPECT_EQ(waiting(), 3 * planes + 21 * 2 * planes);
  // Two levels of 8 steps: seven pairs and the point.
  recipe.iterations = 16;
  EXPECT_EQ(waiting(), 3 * planes + 8 * 2 * planes);
  recipe.init = Init::kPicture;
  EXPECT_EQ(waiting(), 4 * planes + 8 * 2 * planes);
  recipe.optimizer = OptimizerKind::kAdam;
  EXPECT_EQ(waiting(), 4 * planes + 2 * planes);
}

TEST_P(MemoryForecastTest, MoreOfAnythingTakesMore) {
  const auto model = Vgg();
  const Recipe painterly = Painterly(*model);
  const auto peak = [&](const Recipe& recipe, const std::vector<Size>& styles = {{512, 384}}) {
    return ForecastMemory(*model, recipe, {512, 384}, styles)->peak_bytes;
  };
  const int64_t usual = peak(painterly);
  Recipe recipe = painterly;
  recipe.lbfgs_history = 11;
  EXPECT_EQ(peak(recipe) - usual, int64_t{24} * 512 * 384);
  recipe = painterly;
  recipe.content_layers.push_back({"block1_conv2", 1});
  EXPECT_GT(peak(recipe), usual);
  recipe = painterly;
  recipe.init = Init::kPicture;
  EXPECT_EQ(peak(recipe) - usual, int64_t{12} * 512 * 384);
  // The matrices of several pictures are kept, 4 bytes for each pair of channels.
  const int64_t matrices = 4 * (4 * 4 + 8 * 8 + 16 * 16 + 32 * 32 + 32 * 32);
  EXPECT_EQ(peak(painterly, {{512, 384}, {300, 300}, {99, 99}}) - usual, 3 * matrices);
  // A style picture may need more than the whole rest.
  EXPECT_GT(peak(painterly, {{4096, 4096}}), 2 * usual);
  // Adam has its two moments, and no more.
  recipe = painterly;
  recipe.optimizer = OptimizerKind::kAdam;
  EXPECT_LT(peak(recipe), usual);
}

TEST_P(MemoryForecastTest, LevelsAreResolvedAsARunDoesIt) {
  const auto model = Vgg();
  Recipe recipe = Painterly(*model);
  const Size content{1000, 700};
  const std::vector<Size> styles = {{600, 500}};
  ASSERT_EQ(recipe.pyramid_levels, 0);
  const MemoryForecast automatic = *ForecastMemory(*model, recipe, content, styles);
  recipe.pyramid_levels = PyramidLevels(0, recipe.iterations, content, styles);
  ASSERT_GT(recipe.pyramid_levels, 1);
  EXPECT_EQ(ForecastMemory(*model, recipe, content, styles)->peak_bytes, automatic.peak_bytes);
}

TEST_P(MemoryForecastTest, ErrorsAreThoseOfARun) {
  const auto model = LoadSmall(Vgg19(), GetParam(), /*without=*/"block5_conv1");
  Recipe recipe = Painterly(*model);
  const auto error = [&](Size content, const std::vector<Size>& styles) {
    return ForecastMemory(*model, recipe, content, styles).status();
  };
  EXPECT_EQ(error({64, 64}, {{64, 64}}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(error({64, 64}, {{64, 64}}).message()), HasSubstr("block5_conv1"));
  recipe.style_layers.pop_back();
  EXPECT_TRUE(error({64, 64}, {{64, 64}}).ok());
  EXPECT_EQ(FieldOf(error({64, 64}, {})), "styles");
  EXPECT_EQ(error({64, 64}, {{64, 64}, {64, 4}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(error({64, 64}, {{64, 64}, {64, 4}})), "styles[1]");
  EXPECT_EQ(FieldOf(error({64, 4}, {{64, 64}})), "content");
  recipe.style_layers[1].layer = "block9_conv1";
  EXPECT_EQ(FieldOf(error({64, 64}, {{64, 64}})), "style_layers[1].layer");
  EXPECT_EQ(LargestMaxSize(*model, recipe, {64, 64}, {{64, 64}}, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

class LargestMaxSizeTest : public MemoryForecastTest {
 protected:
  int64_t Peak(const Model& model, Recipe recipe, int max_size, bool follows = true) const {
    return ForecastMemory(model, recipe, FitWithin(content_, max_size),
                          {FitWithin(style_, follows ? max_size : recipe.style_size)})
        ->peak_bytes;
  }
  const Size content_{6000, 4000}, style_{3000, 3000};
};
INSTANTIATE_TEST_SUITE_P(Executors, LargestMaxSizeTest, ::testing::Values("cpu", "torch"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(LargestMaxSizeTest, FitsAndTheNextOneDoesNot) {
  const auto model = Vgg();
  for (const bool follows : {true, false}) {
    Recipe recipe = Painterly(*model);
    recipe.max_size = 8000;
    recipe.style_size = follows ? 8000 : 64;
    for (int64_t budget = int64_t{8} << 20; budget <= int64_t{4} << 30; budget += budget / 3) {
      const int size = *LargestMaxSize(*model, recipe, content_, {style_}, budget);
      ASSERT_GE(size, 16) << budget;
      ASSERT_LT(size, 6000) << budget;
      EXPECT_LE(Peak(*model, recipe, size, follows), budget) << size;
      EXPECT_GT(Peak(*model, recipe, size + 1, follows), budget) << size;
    }
  }
}

TEST_P(LargestMaxSizeTest, AllOrNothing) {
  const auto model = Vgg();
  const Recipe recipe = Painterly(*model);
  EXPECT_EQ(*LargestMaxSize(*model, recipe, content_, {style_}, int64_t{1} << 40), 8192);
  EXPECT_EQ(*LargestMaxSize(*model, recipe, content_, {style_}, 1000), 0);
  EXPECT_EQ(*LargestMaxSize(*model, recipe, content_, {style_}, -1), 0);
  // Pictures aren't enlarged.
  EXPECT_EQ(*LargestMaxSize(*model, recipe, {200, 150}, {{100, 100}},
                            ForecastMemory(*model, recipe, {200, 150}, {{100, 100}})->peak_bytes),
            8192);
  // So narrow that only a large size has a map in every layer.
  const Size narrow{6000, 300};
  EXPECT_EQ(*LargestMaxSize(*model, recipe, narrow, {narrow}, 100'000), 0);
  const int size = *LargestMaxSize(*model, recipe, narrow, {narrow}, int64_t{100} << 20);
  EXPECT_GT(size, 320);
  EXPECT_EQ(FitWithin(narrow, 320).height, 16);
}

}  // namespace
}  // namespace impasto::engine
