#include "jobs/proto_times.h"

#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

TEST(ProtoTimes, TimestampsComeBackToTheNanosecond) {
  for (const int64_t nanos : {int64_t{0}, int64_t{1'500'000'001}, int64_t{-1}, int64_t{-1'500'000'001}}) {
    const absl::Time time = absl::FromUnixNanos(nanos);
    EXPECT_EQ(ToTime(ToTimestamp(time)), time);
    EXPECT_GE(ToTimestamp(time).nanos(), 0);
  }
  EXPECT_EQ(ToTimestamp(absl::FromUnixNanos(-1)).seconds(), -1);
  EXPECT_EQ(ToTimestamp(absl::FromUnixNanos(-1)).nanos(), 999'999'999);
}

TEST(ProtoTimes, Durations) {
  EXPECT_EQ(ToDuration(2.5).seconds(), 2);
  EXPECT_EQ(ToDuration(2.5).nanos(), 500'000'000);
  EXPECT_EQ(ToSeconds(ToDuration(2.5)), 2.5);
  EXPECT_EQ(ToSeconds(ToDuration(0)), 0);
}

}  // namespace
}  // namespace impasto::jobs
