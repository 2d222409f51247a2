#include "engine/executors/cpu/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace impasto::engine::cpu {
namespace {

size_t RoundUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

// No two tenants share a byte at a time when both are needed, all are aligned, and all lie within the total.
void Check(const std::vector<Tenant>& tenants, size_t total) {
  for (size_t i = 0; i < tenants.size(); ++i) {
    const Tenant& a = tenants[i];
    ASSERT_EQ(a.offset % 64, 0u);
    ASSERT_LE(a.offset + a.bytes, total);
    for (size_t j = 0; j < i; ++j) {
      const Tenant& b = tenants[j];
      const bool together = a.first <= b.last && b.first <= a.last;
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      ASSERT_FALSE(together && overlap && a.bytes > 0 && b.bytes > 0)
          << a.bytes << " bytes at " << a.offset << ", " << a.first << " to " << a.last << "; " << b.bytes
          << " bytes at " << b.offset << ", " << b.first << " to " << b.last;
    }
  }
}

// The most that is needed at one time: no placement can do with less.
size_t Least(const std::vector<Tenant>& tenants) {
  size_t least = 0;
  for (const Tenant& at : tenants) {
    size_t sum = 0;
    for (const Tenant& t : tenants) sum += t.first <= at.first && at.first <= t.last ? RoundUp(t.bytes) : 0;
    least = std::max(least, sum);
  }
  return least;
}

TEST(ArenaTest, NothingIsNothing) {
  std::vector<Tenant> none;
  EXPECT_EQ(PlaceTenants(&none), 0u);
}

TEST(ArenaTest, ASmallExample) {
  // A chain: each is needed while the next one is made.
  std::vector<Tenant> tenants = {
      {.bytes = 640, .first = 0, .last = 1}, {.bytes = 640, .first = 1, .last = 2},
      {.bytes = 100, .first = 2, .last = 3}, {.bytes = 320, .first = 3, .last = 4},
      {.bytes = 64, .first = 0, .last = 4},
  };
  EXPECT_EQ(PlaceTenants(&tenants), 1344u);
  EXPECT_EQ(tenants[0].offset, 0u);     // the largest first
  EXPECT_EQ(tenants[1].offset, 640u);   // both are needed at 1
  EXPECT_EQ(tenants[3].offset, 0u);     // the first is gone by then
  EXPECT_EQ(tenants[2].offset, 320u);   // behind [3], which is needed at 3, too; [0] is gone
  EXPECT_EQ(tenants[4].offset, 1280u);  // always needed
}

TEST(ArenaTest, ChainsOfEqualMapsTakeTwoPlaces) {
  std::vector<Tenant> tenants;
  for (int i = 0; i < 100; ++i) tenants.push_back({.bytes = 4096, .first = i, .last = i + 1});
  EXPECT_EQ(PlaceTenants(&tenants), 8192u);
  Check(tenants, 8192);
}

TEST(ArenaTest, AGapIsFilled) {
  std::vector<Tenant> tenants = {
      {.bytes = 1024, .first = 0, .last = 9}, {.bytes = 512, .first = 0, .last = 2},
      {.bytes = 448, .first = 0, .last = 9},  {.bytes = 256, .first = 3, .last = 9},
      {.bytes = 256, .first = 4, .last = 9},
  };
  EXPECT_EQ(PlaceTenants(&tenants), 1984u);
  EXPECT_EQ(tenants[3].offset, 1024u);  // both where the second was
  EXPECT_EQ(tenants[4].offset, 1280u);
}

TEST(ArenaTest, RandomTenantsNeverMeet) {
  std::mt19937 generator(1);
  const auto below = [&](size_t n) { return generator() % n; };
  for (int set = 0; set < 4000; ++set) {
    std::vector<Tenant> tenants(1 + below(30));
    const auto times = static_cast<int>(1 + below(25));
    for (Tenant& tenant : tenants) {
      // Some of equal size, some tiny, some empty.
      tenant.bytes = below(8) == 0 ? below(3) : below(4) == 0 ? 256 : 1 + below(5000);
      tenant.first = static_cast<int>(below(times));
      tenant.last = tenant.first + static_cast<int>(below(times - tenant.first));
    }
    const size_t total = PlaceTenants(&tenants);
    ASSERT_NO_FATAL_FAILURE(Check(tenants, total)) << "set " << set;
    size_t sum = 0;
    for (const Tenant& tenant : tenants) sum += RoundUp(tenant.bytes);
    ASSERT_LE(total, sum);
    ASSERT_GE(total, Least(tenants));
  }
}

TEST(ArenaTest, TheShapeOfABackboneComesNearTheLeast) {
  // Forward maps that shrink by a quarter now and then, gradients on the way back, and bits that live from
  // one to the other: what a plan places.
  std::vector<Tenant> tenants;
  constexpr int kSteps = 16;
  for (int s = 0; s < kSteps; ++s) {
    const size_t bytes = (size_t{1} << 22) >> (s / 4 * 2);
    const int back = 2 * kSteps - 1 - s;
    tenants.push_back({.bytes = bytes, .first = s, .last = s + 1});
    tenants.push_back({.bytes = bytes, .first = back - 1, .last = back});
    tenants.push_back({.bytes = bytes / 32, .first = s, .last = back});
  }
  const size_t total = PlaceTenants(&tenants);
  Check(tenants, total);
  EXPECT_LE(total, Least(tenants) * 11 / 10);
}

}  // namespace
}  // namespace impasto::engine::cpu
