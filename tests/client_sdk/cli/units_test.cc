#include "cli/units.h"

#include <limits>

#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

TEST(ShortDurationTest, HasTwoUnitsAtMost) {
  EXPECT_EQ(ShortDuration(0), "0.0 s");
  EXPECT_EQ(ShortDuration(-3), "0.0 s");
  EXPECT_EQ(ShortDuration(2.34), "2.3 s");
  EXPECT_EQ(ShortDuration(38.4), "38 s");
  EXPECT_EQ(ShortDuration(59.6), "1 min 0 s");
  EXPECT_EQ(ShortDuration(250), "4 min 10 s");
  EXPECT_EQ(ShortDuration(7500), "2 h 5 min");
  EXPECT_EQ(ShortDuration(47.5 * 3600), "47 h 30 min");
  EXPECT_EQ(ShortDuration(76 * 3600), "3 d 4 h");
  EXPECT_EQ(ShortDuration(std::numeric_limits<double>::infinity()), "11574 d 1 h");
}

TEST(ShortBytesTest, HasThreeDigits) {
  EXPECT_EQ(ShortBytes(0), "0 bytes");
  EXPECT_EQ(ShortBytes(1023), "1023 bytes");
  EXPECT_EQ(ShortBytes(1536), "1.5 KiB");
  EXPECT_EQ(ShortBytes(int64_t{1000} << 20), "0.977 GiB");
  EXPECT_EQ(ShortBytes(int64_t{5} << 30), "5 GiB");
  EXPECT_EQ(ShortBytes(int64_t{5000} << 40), "5e+03 TiB");
}

TEST(ShortTimeTest, IsInItsZone) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(1769846700);
  timestamp.set_nanos(500000000);
  EXPECT_EQ(ShortTime(timestamp, absl::UTCTimeZone()), "2026-01-31 08:05:00");
  EXPECT_EQ(TimeOf(timestamp), absl::FromUnixMillis(1769846700500));
}

}  // namespace
}  // namespace impasto::cli
