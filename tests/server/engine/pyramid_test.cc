#include "engine/pyramid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace impasto::engine {
namespace {

using ::testing::ElementsAre;

TEST(PyramidTest, SizesHalveAndRoundUp) {
  EXPECT_EQ(SizeAtLevel({511, 4}, 2, 3), (Size{511, 4}));
  EXPECT_EQ(SizeAtLevel({511, 4}, 1, 3), (Size{256, 2}));
  EXPECT_EQ(SizeAtLevel({511, 4}, 0, 3), (Size{128, 1}));
  EXPECT_EQ(SizeAtLevel({513, 1}, 0, 2), (Size{257, 1}));
  EXPECT_EQ(SizeAtLevel({512, 384}, 0, 4), (Size{64, 48}));
  EXPECT_EQ(SizeAtLevel({37, 36}, 0, 1), (Size{37, 36}));
}

TEST(PyramidTest, NoLevelIsTooSmallForALayer) {
  EXPECT_EQ(PyramidLevels(6, 100, {512, 256}, {Size{512, 512}}), 3);
  EXPECT_EQ(PyramidLevels(6, 100, {512, 255}, {Size{512, 512}}), 3);  // 255 / 4 rounds up to 64
  EXPECT_EQ(PyramidLevels(6, 100, {512, 252}, {Size{512, 512}}), 2);
  EXPECT_EQ(PyramidLevels(3, 100, {512, 512}, {Size{512, 512}, Size{2000, 126}}), 1);
  EXPECT_EQ(PyramidLevels(3, 100, {512, 512}, {Size{512, 512}, Size{2000, 127}}), 2);
  EXPECT_EQ(PyramidLevels(4, 100, {30, 30}, {Size{512, 512}}), 1);
  EXPECT_EQ(PyramidLevels(2, 100, {4096, 4096}, {Size{512, 512}}), 2);
}

TEST(PyramidTest, BySizeTheCoarsestIsOfAPaintingsProportions) {
  const std::vector<Size> styles = {Size{8192, 8192}};
  EXPECT_EQ(PyramidLevels(0, 100, {383, 300}, styles), 1);
  EXPECT_EQ(PyramidLevels(0, 100, {300, 384}, styles), 2);
  EXPECT_EQ(PyramidLevels(0, 100, {512, 384}, styles), 2);
  EXPECT_EQ(PyramidLevels(0, 100, {1024, 768}, styles), 3);
  EXPECT_EQ(PyramidLevels(0, 100, {8192, 8192}, styles), 6);
  EXPECT_EQ(PyramidLevels(0, 100, {512, 120}, styles), 1);
}

TEST(PyramidTest, EveryLevelHasAStep) {
  EXPECT_EQ(PyramidLevels(6, 3, {8192, 8192}, {Size{8192, 8192}}), 3);
  EXPECT_EQ(PyramidLevels(6, 1, {8192, 8192}, {Size{8192, 8192}}), 1);
}

TEST(PyramidTest, EveryStepHasItsLevel) {
  for (const int levels : {1, 2, 3, 6}) {
    for (const int iterations : {6, 7, 100, 301}) {
      const std::vector<int> split = LevelIterations(iterations, levels);
      EXPECT_EQ(split.size(), static_cast<size_t>(levels));
      EXPECT_EQ(std::accumulate(split.begin(), split.end(), 0), iterations);
      for (const int steps : split) EXPECT_GE(steps, 1);
    }
  }
}

TEST(PyramidTest, AChangeOfIterationsIsSharedByWhatIsLeft) {
  // Nothing made yet: as at the start.
  EXPECT_THAT(ReshareIterations(11, {4, 3, 3}, 0, 0), ElementsAre(4, 4, 3));
  EXPECT_THAT(ReshareIterations(20, {10}, 0, 7), ElementsAre(20));
  EXPECT_THAT(ReshareIterations(7, {10}, 0, 7), ElementsAre(7));
  // The first level is over, with what it made; 2 of the second are made.
  EXPECT_THAT(ReshareIterations(24, {4, 10, 10}, 1, 2), ElementsAre(4, 10, 10));
  EXPECT_THAT(ReshareIterations(9, {4, 10, 10}, 1, 2), ElementsAre(4, 3, 2));
  // More are made than the level's share: it ends with its next evaluation, at the others' cost.
  EXPECT_THAT(ReshareIterations(14, {4, 10, 10}, 1, 6), ElementsAre(4, 7, 3));
  EXPECT_THAT(ReshareIterations(10, {4, 10, 10}, 1, 6), ElementsAre(4, 7, 1));
  // Each has at least one, whatever is left.
  EXPECT_THAT(ReshareIterations(5, {5, 5, 5, 5}, 0, 5), ElementsAre(6, 1, 1, 1));
  EXPECT_THAT(ReshareIterations(5, {5, 5, 5}, 1, 0), ElementsAre(5, 1, 1));
  EXPECT_THAT(ReshareIterations(8, {4, 2, 9}, 2, 2), ElementsAre(4, 2, 2));
}

}  // namespace
}  // namespace impasto::engine
