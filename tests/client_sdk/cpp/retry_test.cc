#include "retry.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "status_conversion.h"
#include "tests/client_sdk/cpp/fake_retry_time.h"

namespace impasto {
namespace {

using ::impasto::testing::FakeRetryTime;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::Status Gone(int retry_seconds = 0) {
  absl::Status status = absl::UnavailableError("gone");
  if (retry_seconds > 0) {
    google::rpc::RetryInfo info;
    info.mutable_retry_delay()->set_seconds(retry_seconds);
    SetDetail(info, &status);
  }
  return status;
}

TEST(RetryTest, OtherStatusesAreTheCallersBusiness) {
  FakeRetryTime time;
  EXPECT_TRUE(RetryUnavailable(absl::Minutes(1), &time, [](int) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(RetryUnavailable(absl::Minutes(1), &time, [](int) { return absl::InternalError("broken"); }),
            absl::InternalError("broken"));
  EXPECT_THAT(time.waits, IsEmpty());
}

TEST(RetryTest, TriesAgainUntilThereIsAServer) {
  FakeRetryTime time;
  std::vector<int> attempts;
  EXPECT_TRUE(RetryUnavailable(absl::Minutes(1), &time, [&](int attempt) {
                attempts.push_back(attempt);
                return attempt < 3 ? Gone() : absl::OkStatus();
              }).ok());
  EXPECT_THAT(attempts, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(time.waits,
              ElementsAre(absl::Milliseconds(50), absl::Milliseconds(100), absl::Milliseconds(200)));
}

TEST(RetryTest, GivesUpWithTheLastStatusAfterItsTime) {
  FakeRetryTime time;
  EXPECT_EQ(RetryUnavailable(absl::Seconds(1), &time,
                             [](int attempt) { return absl::UnavailableError(std::to_string(attempt)); }),
            absl::UnavailableError("4"));
  EXPECT_EQ(time.waits.size(), 4);
}

TEST(RetryTest, WaitsAsLongAsTheServerAsksOrNotAtAll) {
  FakeRetryTime time;
  EXPECT_TRUE(RetryUnavailable(absl::Seconds(9), &time, [](int n) {
                return n == 0 ? Gone(7) : absl::OkStatus();
              }).ok());
  EXPECT_THAT(time.waits, ElementsAre(absl::Milliseconds(7050)));
  EXPECT_EQ(RetryUnavailable(absl::Seconds(9), &time, [](int) { return Gone(9); }).message(), "gone");
  EXPECT_EQ(time.waits.size(), 1);
}

TEST(RetryTest, NoTimeIsOneAttempt) {
  FakeRetryTime time;
  EXPECT_EQ(RetryUnavailable(absl::ZeroDuration(), &time, [](int) { return Gone(); }).message(), "gone");
  EXPECT_THAT(time.waits, IsEmpty());
}

}  // namespace
}  // namespace impasto
