#include "engine/objective/total_variation.h"

#include <gtest/gtest.h>

#include <vector>

namespace impasto::engine {
namespace {

TEST(TotalVariationTest, CountsEachNeighbourOnce) {
  // 1 2 / 5 9 in the first channel, flat in the others: 1 + 16 + 49 + 16 over 4 pixels.
  const std::vector<float> rgb = {1, 2, 5, 9, 7, 7, 7, 7, 0, 0, 0, 0};
  EXPECT_DOUBLE_EQ(TotalVariation(rgb, 2, 2, 1, {}), 82.0 / 4);
}

TEST(TotalVariationTest, GradientIsTheFiniteDifference) {
  std::vector<float> rgb;
  for (int i = 0; i < 3 * 4 * 5; ++i) rgb.push_back(static_cast<float>((i * 37) % 101));
  std::vector<float> gradient(rgb.size(), 1.0f);  // it adds to what is there
  TotalVariation(rgb, 4, 5, 3.0, absl::MakeSpan(gradient));
  for (size_t i = 0; i < rgb.size(); ++i) {
    std::vector<float> up = rgb, down = rgb;
    up[i] += 1;
    down[i] -= 1;
    // Exact for a quadratic, but for rounding.
    const double slope = 3.0 * (TotalVariation(up, 4, 5, 1, {}) - TotalVariation(down, 4, 5, 1, {})) / 2;
    ASSERT_NEAR(gradient[i], 1 + slope, 1e-4 * (1 + std::abs(slope))) << i;
  }
}

}  // namespace
}  // namespace impasto::engine
