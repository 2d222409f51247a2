#include "jobs/memory_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

using testing::ElementsAre;

TEST(MemoryLedger, CountsWhatJobsHold) {
  MemoryLedger ledger(100);
  EXPECT_EQ(ledger.budget(), 100);
  ledger.Load(1, {.peak = 60, .waiting = 5});
  EXPECT_EQ(ledger.used(), 5);
  EXPECT_TRUE(ledger.IsLoaded(1));
  EXPECT_FALSE(ledger.IsResident(1));
  ledger.SetResident(1, true);
  EXPECT_EQ(ledger.used(), 60);
  ledger.Load(2, {.peak = 30, .waiting = 3});
  EXPECT_EQ(ledger.used(), 63);
  ledger.SetResident(1, false);
  EXPECT_EQ(ledger.used(), 8);
  ledger.SetResident(2, true);
  ledger.Unload(2);
  ledger.Unload(2);
  EXPECT_FALSE(ledger.IsLoaded(2));
  EXPECT_FALSE(ledger.IsResident(2));
  EXPECT_EQ(ledger.used(), 5);
}

TEST(MemoryLedger, FitsBesideThoseThatHaveTheirBuffers) {
  MemoryLedger ledger(100);
  ledger.Load(1, {.peak = 60, .waiting = 5});
  ledger.Load(2, {.peak = 40, .waiting = 5});
  ledger.Load(3, {.peak = 41, .waiting = 5});
  ledger.SetResident(1, true);
  // 60 and 5 of the third are taken.
  EXPECT_FALSE(ledger.Fits(2));
  EXPECT_TRUE(ledger.Fits(1));
  ledger.Unload(3);
  EXPECT_TRUE(ledger.Fits(2));
}

TEST(MemoryLedger, LoadsAsLongAsEachCouldHaveItsBuffers) {
  MemoryLedger ledger(100);
  ledger.Load(1, {.peak = 90, .waiting = 5});
  EXPECT_FALSE(ledger.CanLoad({.peak = 20, .waiting = 11}));  // the first couldn't go on
  EXPECT_TRUE(ledger.CanLoad({.peak = 20, .waiting = 10}));
  EXPECT_FALSE(ledger.CanLoad({.peak = 96, .waiting = 1}));  // it couldn't itself
  EXPECT_TRUE(ledger.CanLoad({.peak = 95, .waiting = 1}));
  ledger.Load(2, {.peak = 20, .waiting = 10});
  EXPECT_FALSE(ledger.CanLoad({.peak = 1, .waiting = 1}));
  ledger.Unload(1);
  EXPECT_TRUE(ledger.CanLoad({.peak = 90, .waiting = 80}));
}

TEST(MemoryLedger, TheFirstIsLoadedWhateverItTakes) {
  MemoryLedger ledger(10);
  EXPECT_TRUE(ledger.CanLoad({.peak = 20, .waiting = 15}));
  ledger.Load(1, {.peak = 20, .waiting = 15});
  EXPECT_FALSE(ledger.CanLoad({.peak = 1, .waiting = 0}));
}

TEST(MemoryLedger, SetsNoMoreAsideThanItHasTo) {
  MemoryLedger ledger(100);
  for (const int64_t id : {1, 2, 3}) {
    ledger.Load(id, {.peak = 30, .waiting = 5});
    ledger.SetResident(id, true);
  }
  ledger.Load(4, {.peak = 40, .waiting = 5});
  EXPECT_THAT(ledger.ToSetAside(4, {2, 1, 3}), ElementsAre(2, 1));
  ledger.SetResident(2, false);
  EXPECT_THAT(ledger.ToSetAside(4, {2, 1, 3}), ElementsAre(1));
  ledger.SetResident(1, false);
  EXPECT_TRUE(ledger.Fits(4));
  EXPECT_THAT(ledger.ToSetAside(4, {2, 1, 3}), ElementsAre());
}

TEST(MemoryLedger, SettingAllOthersAsideAlwaysMakesRoom) {
  MemoryLedger ledger(1000);
  std::vector<int64_t> loaded;
  for (int64_t id = 1; id <= 200; ++id) {
    const MemoryNeed need{.peak = 10 + id * 37 % 900, .waiting = id * 13 % 10};
    if (!ledger.CanLoad(need)) continue;
    ledger.Load(id, need);
    loaded.push_back(id);
  }
  ASSERT_GT(loaded.size(), 10u);
  for (const int64_t id : loaded) {
    for (const int64_t other : ledger.ToSetAside(id, loaded)) ledger.SetResident(other, false);
    EXPECT_TRUE(ledger.Fits(id)) << id;
    ledger.SetResident(id, true);
    EXPECT_LE(ledger.used(), 1000);
  }
}

}  // namespace
}  // namespace impasto::jobs
