#include "cli/loss_log.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

TEST(LossLogTest, HasItsHeaderAlways) {
  EXPECT_EQ(LossLog().csv(), "iteration,total,content,style,seconds,level,change\n");
}

TEST(LossLogTest, WritesARowForEachEvaluation) {
  LossLog log;
  log.Add(testing::ProgressEvent(1, 2, 34215678.91, 0, 3421.567891, 0).progress());
  log.Add(testing::ProgressEvent(2, 2, 1.0 / 3, 2e-12, 3e20, 1250).progress());
  v1::Progress last = testing::ProgressEvent(3, 2, 0.25, 0.125, 0.0625, 3661001).progress();
  last.set_level(2);
  log.Add(last);
  EXPECT_EQ(log.csv(),
            "iteration,total,content,style,seconds,level,change\n"
            "1,34215678.9,0,3421.56789,0,0,\n"
            "2,0.333333333,2e-12,3e+20,1.25,0,\n"
            "3,0.25,0.125,0.0625,3661.001,2,\n");
}

TEST(LossLogTest, NamesAChangeInTheFirstRowUnderIt) {
  LossLog log;
  log.Add(testing::ProgressEvent(1, 4, 8, 1, 1, 0).progress());
  log.Add(testing::ChangedEvent(1, 0.02).changed());
  v1::RecipeChange later;
  later.set_iteration(2);
  later.set_learning_rate(1);
  log.Add(later);
  v1::RecipeChange with_it = later;
  with_it.clear_learning_rate();
  with_it.set_iterations(3);
  log.Add(with_it);
  log.Add(testing::ProgressEvent(2, 4, 9, 1, 1, 1000).progress());
  log.Add(testing::ProgressEvent(3, 3, 7, 1, 1, 2000).progress());
  log.Add(testing::ProgressEvent(4, 3, 6, 1, 1, 3000).progress());
  EXPECT_EQ(log.csv(),
            "iteration,total,content,style,seconds,level,change\n"
            "1,8,1,1,0,0,\n"
            "2,9,1,1,1,0,style_weight=0.02\n"
            "3,7,1,1,2,0,learning_rate=1 iterations=3\n"
            "4,6,1,1,3,0,\n");
}

TEST(LossLogTest, LeavesOutStepsThatWereMadeAgain) {
  LossLog log;
  v1::Progress fine = testing::ProgressEvent(2, 3, 7, 1, 1, 3000).progress();
  fine.set_level(1);
  log.Add(testing::ProgressEvent(1, 3, 8, 1, 1, 0).progress());
  log.Add(testing::ProgressEvent(2, 3, 7, 1, 1, 1000).progress());
  log.Add(fine);  // a level begins with the step that the one before ended with
  log.Add(testing::ProgressEvent(2, 3, 7, 1, 1, 1000).progress());
  log.Add(fine);
  EXPECT_EQ(log.csv(),
            "iteration,total,content,style,seconds,level,change\n"
            "1,8,1,1,0,0,\n2,7,1,1,1,0,\n2,7,1,1,3,1,\n");
}

}  // namespace
}  // namespace impasto::cli
