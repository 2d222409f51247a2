#include "backoff.h"

#include <gtest/gtest.h>

namespace impasto {
namespace {

constexpr absl::Duration kNothingAsked = absl::ZeroDuration();

TEST(BackoffTest, DoublesUpToALimit) {
  Backoff backoff(absl::Seconds(60));
  const absl::Time now = absl::UnixEpoch();
  for (const int milliseconds : {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
    EXPECT_EQ(backoff.Next(now, /*uniform=*/1, kNothingAsked), absl::Milliseconds(milliseconds));
  }
}

TEST(BackoffTest, ChancePicksTheLength) {
  Backoff backoff(absl::Seconds(60));
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0, kNothingAsked), absl::ZeroDuration());
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0.5, kNothingAsked), absl::Milliseconds(100));
}

TEST(BackoffTest, WaitsForAsLongAsTheServerAsks) {
  Backoff backoff(absl::Seconds(60));
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0, absl::Seconds(7)), absl::Seconds(7));
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0.5, absl::Seconds(7)), absl::Milliseconds(7100));
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0, absl::Seconds(60)), std::nullopt);
}

TEST(BackoffTest, GivesUpAfterItsTimeAndStartsAnewAfterASuccess) {
  Backoff backoff(absl::Seconds(1));
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(backoff.Remaining(start), absl::Seconds(1));
  EXPECT_TRUE(backoff.Next(start, 1, kNothingAsked).has_value());
  EXPECT_EQ(backoff.Remaining(start + absl::Milliseconds(700)), absl::Milliseconds(300));
  EXPECT_TRUE(backoff.Next(start + absl::Milliseconds(700), 1, kNothingAsked).has_value());
  EXPECT_FALSE(backoff.Next(start + absl::Milliseconds(700), 1, kNothingAsked).has_value());
  EXPECT_EQ(backoff.Remaining(start + absl::Seconds(2)), absl::ZeroDuration());
  backoff.Reset();
  EXPECT_EQ(backoff.Next(start + absl::Seconds(2), 1, kNothingAsked), absl::Milliseconds(100));
}

TEST(BackoffTest, NoTimeIsNoAttempt) {
  Backoff backoff(absl::ZeroDuration());
  EXPECT_EQ(backoff.Next(absl::UnixEpoch(), 0, kNothingAsked), std::nullopt);
}

}  // namespace
}  // namespace impasto
