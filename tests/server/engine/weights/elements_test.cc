#include "engine/weights/elements.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

TEST(ElementsTest, HalfToFloat) {
  EXPECT_EQ(HalfToFloat(0x0000), 0.0f);
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0400), 0x1p-14f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x83ff), -1023 * 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x3555), 0.333251953125f);
  EXPECT_EQ(HalfToFloat(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
}

TEST(ElementsTest, BFloat16ToFloat) {
  EXPECT_EQ(BFloat16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(BFloat16ToFloat(0xc040), -3.0f);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(0x7fc0)));
}

TEST(ElementsTest, IntegersThatHoldNoWeightsAreNoNumbers) {
  EXPECT_TRUE(std::isnan(ToFloats(ElementType::kI64, std::string(8, '\1'), 1)[0]));
  EXPECT_EQ(ToFloats(ElementType::kU8, std::string("\x00\xff", 2), 2), (std::vector<float>{0, 255}));
}

TEST(ElementsTest, ElementCountIsBounded) {
  EXPECT_EQ(ElementCount({}, 10), 1);
  EXPECT_EQ(ElementCount({2, 5}, 10), 10);
  EXPECT_EQ(ElementCount({2, 5}, 9), -1);
  EXPECT_EQ(ElementCount({2, -5}, 10), -1);
  EXPECT_EQ(ElementCount({int64_t{1} << 40, int64_t{1} << 40}, INT64_MAX), -1);
  EXPECT_EQ(ElementCount({0, 5}, 10), 0);
}

}  // namespace
}  // namespace impasto::engine
