#include "base/error_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/field_error.h"

namespace impasto {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ErrorDetails, Facts) {
  absl::Status status = absl::ResourceExhaustedError("too large");
  EXPECT_THAT(FactsOf(status), IsEmpty());
  status = WithFact(std::move(status), "budget_bytes", "1073741824");
  status = WithFact(std::move(status), "forecast_bytes", "2");
  status = WithFact(std::move(status), "forecast_bytes", "3");
  EXPECT_THAT(FactsOf(status), ElementsAre(Pair("budget_bytes", "1073741824"), Pair("forecast_bytes", "3")));
  EXPECT_EQ(status.message(), "too large");
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
}

TEST(ErrorDetails, RetryAfter) {
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(absl::UnavailableError("x"), 0.1)), 0.1);
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(absl::UnavailableError("x"), 30)), 30);
  EXPECT_EQ(RetryAfterOf(absl::UnavailableError("x")), std::nullopt);
  EXPECT_THAT(FactsOf(WithRetryAfter(absl::UnavailableError("x"), 30)), IsEmpty());
}

TEST(ErrorDetails, OkStaysOk) {
  EXPECT_EQ(WithFact(absl::OkStatus(), "a", "b"), absl::OkStatus());
  EXPECT_EQ(WithRetryAfter(absl::OkStatus(), 1), absl::OkStatus());
  EXPECT_THAT(FactsOf(absl::OkStatus()), IsEmpty());
  EXPECT_EQ(RetryAfterOf(absl::OkStatus()), std::nullopt);
}

TEST(ErrorDetails, StayWhereAFieldIsPutInFront) {
  absl::Status status = FieldError("max_size", "is too large", absl::StatusCode::kResourceExhausted);
  status = InField("recipe", WithRetryAfter(WithFact(status, "largest_max_size", "512"), 5));
  EXPECT_EQ(FieldOf(status), "recipe.max_size");
  EXPECT_THAT(FactsOf(status), ElementsAre(Pair("largest_max_size", "512")));
  EXPECT_EQ(RetryAfterOf(status), 5);
}

}  // namespace
}  // namespace impasto
