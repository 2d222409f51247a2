#include "engine/optimizers/vectors.h"

#include <gtest/gtest.h>

#include <vector>

namespace impasto::engine {
namespace {

// Sizes around the number of lanes, and values whose sum is exact in double but not in float.
TEST(VectorsTest, SumsAreExactWhereDoubleIs) {
  for (const size_t size : {0, 1, 7, 8, 9, 16, 1003}) {
    std::vector<float> a(size), b(size);
    double expected = 0;
    for (size_t i = 0; i < size; ++i) {
      a[i] = static_cast<float>(1 << (i % 20)) + 0.5f;
      b[i] = static_cast<float>(i % 3) - 1;
      expected += static_cast<double>(a[i]) * b[i];
    }
    EXPECT_EQ(Dot(a.data(), b.data(), size), expected) << size;
    EXPECT_EQ(Sum(size, [&](size_t i) { return a[i]; }),
              Dot(a.data(), std::vector<float>(size, 1).data(), size));
  }
}

TEST(VectorsTest, AddsBeforeItMultiplies) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6, 7, 8, 9}, b = {1, 1, 1, 1, 1, 1, 1, 1, 2};
  std::vector<float> x(9, 10);
  EXPECT_EQ(AddThenDot(-2, a.data(), x.data(), b.data(), 9), 8 * 10 - 2 * 36 + 2 * (10 - 18));
  EXPECT_EQ(x, (std::vector<float>{8, 6, 4, 2, 0, -2, -4, -6, -8}));
}

}  // namespace
}  // namespace impasto::engine
