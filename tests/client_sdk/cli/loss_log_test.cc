#include "cli/loss_log.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

TEST(LossLogTest, HasItsHeaderAlways) {
  EXPECT_EQ(LossLog().csv(), "iteration,total,content,style,seconds,level\n");
}

TEST(LossLogTest, WritesARowForEachEvaluation) {
  LossLog log;
  log.Add(testing::ProgressEvent(1, 2, 34215678.91, 0, 3421.567891, 0).progress());
  log.Add(testing::ProgressEvent(2, 2, 1.0 / 3, 2e-12, 3e20, 1250).progress());
  v1::Progress last = testing::ProgressEvent(3, 2, 0.25, 0.125, 0.0625, 3661001).progress();
  last.set_level(2);
  log.Add(last);
  EXPECT_EQ(log.csv(),
            "iteration,total,content,style,seconds,level\n"
            "1,34215678.9,0,3421.56789,0,0\n"
            "2,0.333333333,2e-12,3e+20,1.25,0\n"
            "3,0.25,0.125,0.0625,3661.001,2\n");
}

}  // namespace
}  // namespace impasto::cli
