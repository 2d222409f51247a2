#include "engine/optimizers/smooth_metric.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/optimizers/vectors.h"

namespace impasto::engine {
namespace {

std::vector<float> Noise(size_t size, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(generator() % 2001) / 1000 - 1;
  return values;
}

std::vector<float> Applied(int width, int height, std::vector<float> planes) {
  SmoothMetric metric(width, height);
  metric.Apply(absl::MakeSpan(planes));
  return planes;
}

TEST(SmoothMetricTest, IsSymmetricAndPositiveForEverySize) {
  for (const auto& [width, height] :
       {std::pair(1, 1), {2, 3}, {4, 4}, {5, 4}, {4, 7}, {9, 6}, {33, 17}, {64, 48}, {127, 65}}) {
    const auto size = size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height);
    const std::vector<float> a = Noise(size, 1), b = Noise(size, 2);
    const std::vector<float> ma = Applied(width, height, a), mb = Applied(width, height, b);
    const double scale = std::sqrt(Dot(ma.data(), ma.data(), size) * Dot(b.data(), b.data(), size));
    EXPECT_NEAR(Dot(ma.data(), b.data(), size), Dot(a.data(), mb.data(), size), 1e-5 * scale)
        << width << " x " << height;
    EXPECT_GT(Dot(ma.data(), a.data(), size), 0.99 * Dot(a.data(), a.data(), size))
        << width << " x " << height;
  }
}

TEST(SmoothMetricTest, ShapesAreStrongerThanNoise) {
  // 64 x 64 has all five octaves: an even grey is 1 + g + ... + g^5 with a gain g of 1.5.
  const std::vector<float> grey = Applied(64, 64, std::vector<float>(3 * 64 * 64, 1));
  const double all = (std::pow(1.5, 6) - 1) / 0.5;
  // At the borders the weights that would be outside have come in.
  EXPECT_NEAR(grey[64 * 32 + 32], all, 1e-3 * all);
  // The finest checks have nothing in common with their neighbours.
  std::vector<float> checks(3 * 64 * 64);
  for (size_t i = 0; i < checks.size(); ++i) checks[i] = (i + i / 64) % 2 == 0 ? 1 : -1;
  EXPECT_NEAR(Applied(64, 64, checks)[64 * 32 + 32], 1, 1e-4);
}

TEST(SmoothMetricTest, PlanesDoNotMix) {
  std::vector<float> planes(3 * 20 * 20, 0);
  std::fill(planes.begin() + 400, planes.begin() + 800, 1.0f);
  planes = Applied(20, 20, planes);
  for (size_t i = 0; i < 400; ++i) {
    ASSERT_EQ(planes[i], 0);
    ASSERT_GT(planes[400 + i], 1);
    ASSERT_EQ(planes[800 + i], 0);
  }
}

}  // namespace
}  // namespace impasto::engine
