#include "engine/executors/cpu/placement.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/executors/cpu/maps.h"

namespace impasto::engine::cpu {
namespace {

Schedule Scheduled(const Graph& graph, const std::vector<std::string>& taps, int side) {
  const Graph pruned = *graph.Prune(taps);
  return MakeSchedule(pruned, *pruned.Shapes(side, side), taps);
}

TEST(PlacementTest, AKeptMapBecomesItsOwnGradient) {
  const Schedule schedule = Scheduled(Vgg19(), {"block1_conv1", "block2_conv1", "block3_conv1"}, 64);
  const Placement placement = PlaceBuffers(schedule);
  ASSERT_NE(placement.arena.data(), nullptr);
  const int kept = schedule.taps[1], last = schedule.taps[2];
  EXPECT_EQ(placement.places[kept].gradient, placement.places[kept].map);
  EXPECT_EQ(placement.places[last].gradient, placement.places[last].map);
  EXPECT_NE(placement.places[kept].map, placement.places[last].map);
}

TEST(PlacementTest, ARemadeMapLeavesItsPlaceAndThePictureStays) {
  const Schedule schedule = Scheduled(Vgg19(), {"block1_conv1", "block5_conv1"}, 64);
  ASSERT_TRUE(schedule.values[schedule.taps[0]].remade);
  const Placement placement = PlaceBuffers(schedule);
  ASSERT_NE(placement.picture, nullptr);
  // Less than the first map and the largest pair of others together: their places are the same memory.
  const size_t first = BlockedFloats(schedule.values[schedule.taps[0]].shape);
  EXPECT_LT(placement.arena.size(), 2 * first);
}

TEST(PlacementTest, NoPictureWhereNothingIsRemade) {
  EXPECT_EQ(PlaceBuffers(Scheduled(Vgg19(), {"block2_conv1"}, 64)).picture, nullptr);
}

TEST(PlacementTest, ASummandBeginsInItsSumsGradient) {
  const Schedule schedule = Scheduled(ResNet50(), {"conv2_block3_out"}, 64);
  const Placement placement = PlaceBuffers(schedule);
  int shared = 0;
  for (const Step& step : schedule.steps) {
    if (step.add < 0 || !schedule.SharesGradient(step.add)) continue;
    ++shared;
    EXPECT_EQ(placement.places[step.add].gradient, placement.places[step.out].gradient) << step.name;
  }
  // The first block's projection and the second one's input; the third sum is tapped.
  EXPECT_EQ(shared, 2);
}

TEST(PlacementTest, PoolsAndReLUsHaveRoomForTheirBits) {
  const Schedule schedule = Scheduled(Vgg19(), {"block2_conv1"}, 64);
  const Placement placement = PlaceBuffers(schedule);
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    EXPECT_EQ(placement.choices[s].bits != nullptr, schedule.steps[s].pool) << schedule.steps[s].name;
    EXPECT_EQ(placement.choices[s].windows, nullptr);
    EXPECT_NE(placement.places[schedule.steps[s].out].positive, nullptr);
  }
}

}  // namespace
}  // namespace impasto::engine::cpu
