#include "jobs/step_timer.h"

#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

TEST(StepTimer, KnowsNothingBeforeTheFirstStep) {
  StepTimer timer;
  EXPECT_EQ(timer.Elapsed(5), 0);
  EXPECT_EQ(timer.Remaining(100), 0);
  EXPECT_EQ(timer.SecondsPerStep(), 0);
  timer.Begin(10);
  EXPECT_EQ(timer.Elapsed(12), 2);
  EXPECT_EQ(timer.Remaining(100), 0);
}

TEST(StepTimer, ForecastsFromTheFirstStepOn) {
  StepTimer timer;
  timer.Begin(10);
  timer.Stepped(12);
  EXPECT_EQ(timer.Remaining(10), 20);
  EXPECT_EQ(timer.Remaining(0), 0);
  EXPECT_EQ(timer.Remaining(-1), 0);
  EXPECT_EQ(timer.steps(), 1);
}

TEST(StepTimer, OneSlowStepDoesNotSwingTheForecast) {
  StepTimer timer;
  timer.Begin(0);
  timer.Stepped(100);
  timer.Stepped(101);
  timer.Stepped(102);
  EXPECT_EQ(timer.Remaining(10), 10);
  EXPECT_EQ(timer.SecondsPerStep(), 34);
}

TEST(StepTimer, FollowsAChangeOfPace) {
  StepTimer timer;
  timer.Begin(0);
  double now = 0;
  for (int i = 0; i < 40; ++i) timer.Stepped(now += 1);
  EXPECT_EQ(timer.Remaining(10), 10);
  for (int i = 0; i < 15; ++i) timer.Stepped(now += 3);
  EXPECT_EQ(timer.Remaining(10), 30);
  EXPECT_EQ(timer.Elapsed(now), 85);
}

TEST(StepTimer, StepsThatTakeNoTime) {
  StepTimer timer;
  timer.Begin(0);
  timer.Stepped(0);
  EXPECT_EQ(timer.Remaining(10), 0);
}

}  // namespace
}  // namespace impasto::jobs
