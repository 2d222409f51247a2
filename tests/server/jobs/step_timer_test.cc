#include "jobs/step_timer.h"

#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

TEST(StepTimer, KnowsNothingBeforeTheFirstStep) {
  StepTimer timer;
  EXPECT_EQ(timer.steps(), 0);
  EXPECT_EQ(timer.Remaining(100), 0);
}

TEST(StepTimer, ForecastsFromTheFirstStepOn) {
  StepTimer timer;
  timer.Stepped(2);
  EXPECT_EQ(timer.Remaining(10), 20);
  EXPECT_EQ(timer.Remaining(0), 0);
  EXPECT_EQ(timer.Remaining(-1), 0);
  EXPECT_EQ(timer.steps(), 1);
}

TEST(StepTimer, OneSlowStepDoesNotSwingTheForecast) {
  StepTimer timer;
  timer.Stepped(100);
  timer.Stepped(1);
  timer.Stepped(1);
  EXPECT_EQ(timer.Remaining(10), 10);
}

TEST(StepTimer, FollowsAChangeOfPace) {
  StepTimer timer;
  for (int i = 0; i < 40; ++i) timer.Stepped(1);
  EXPECT_EQ(timer.Remaining(10), 10);
  for (int i = 0; i < 15; ++i) timer.Stepped(3);
  EXPECT_EQ(timer.Remaining(10), 30);
  EXPECT_EQ(timer.steps(), 55);
}

TEST(StepTimer, StepsThatTakeNoTime) {
  StepTimer timer;
  timer.Stepped(0);
  EXPECT_EQ(timer.Remaining(10), 0);
}

}  // namespace
}  // namespace impasto::jobs
