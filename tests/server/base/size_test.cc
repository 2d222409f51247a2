#include "base/size.h"

#include <gtest/gtest.h>

#include <utility>

namespace impasto {
namespace {

TEST(FitWithinTest, KeepsTheAspectRounded) {
  const auto fit = [](int w, int h, int max) {
    const Size size = FitWithin({w, h}, max);
    return std::pair(size.width, size.height);
  };
  EXPECT_EQ(fit(979, 734, 512), std::pair(512, 384));
  EXPECT_EQ(fit(1200, 1528, 512), std::pair(402, 512));
  EXPECT_EQ(fit(512, 512, 512), std::pair(512, 512));
  EXPECT_EQ(fit(100, 40, 512), std::pair(100, 40));
  EXPECT_EQ(fit(30'000, 2, 512), std::pair(512, 1));
  EXPECT_EQ(fit(3, 2, 1), std::pair(1, 1));
  EXPECT_EQ(fit(2'000'000'000, 1'000'000'000, 1'000'000'000), std::pair(1'000'000'000, 500'000'000));
}

}  // namespace
}  // namespace impasto
