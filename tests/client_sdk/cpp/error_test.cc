#include "impasto/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "status_conversion.h"
#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

TEST(ErrorTest, KeepsCodeWordsAndDetails) {
  const absl::Status status = FromGrpcStatus(testing::StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT,
                                                                        "recipe.iterations: not in 1..100000",
                                                                        "recipe.iterations", "BAD_FIELD"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "recipe.iterations: not in 1..100000");
  EXPECT_EQ(ErrorField(status), "recipe.iterations");
  EXPECT_EQ(ErrorReason(status), "BAD_FIELD");
}

TEST(ErrorTest, GivesFactsAndWhenToTryAgain) {
  const absl::Status status =
      FromGrpcStatus(testing::StatusWithFacts(grpc::StatusCode::RESOURCE_EXHAUSTED, "too large",
                                              {{"largest_max_size", "900"}, {"budget_bytes", "1"}}, 5));
  EXPECT_THAT(ErrorFacts(status), ::testing::ElementsAre(::testing::Pair("budget_bytes", "1"),
                                                         ::testing::Pair("largest_max_size", "900")));
  EXPECT_EQ(RetryDelay(status), absl::Seconds(5));
  EXPECT_EQ(RetryDelay(FromGrpcStatus(
                testing::StatusWithFacts(grpc::StatusCode::UNAVAILABLE, "never", {}, /*retry_seconds=*/-5))),
            absl::ZeroDuration());
  const absl::Status bare = absl::UnavailableError("words");
  EXPECT_THAT(ErrorFacts(bare), ::testing::IsEmpty());
  EXPECT_EQ(RetryDelay(bare), std::nullopt);
}

TEST(ErrorTest, OkIsOk) { EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok()); }

TEST(ErrorTest, NamesNoFieldWithoutDetails) {
  const absl::Status status = FromGrpcStatus({grpc::StatusCode::NOT_FOUND, "no model"});
  EXPECT_EQ(status, absl::NotFoundError("no model"));
  EXPECT_EQ(ErrorField(status), "");
  EXPECT_EQ(ErrorReason(status), "");
}

TEST(ErrorTest, BrokenDetailsDoNoHarm) {
  const absl::Status status = FromGrpcStatus({grpc::StatusCode::INTERNAL, "words", "\xff\xff not a message"});
  EXPECT_EQ(status, absl::InternalError("words"));
  EXPECT_EQ(ErrorField(status), "");
}

TEST(ErrorTest, TheCallsOwnCodeAndWordsRule) {
  google::rpc::Status other;
  other.set_code(5);
  other.set_message("other words");
  const absl::Status status = FromGrpcStatus({grpc::StatusCode::ABORTED, "words", other.SerializeAsString()});
  EXPECT_EQ(status, absl::AbortedError("words"));
}

TEST(ErrorTest, ACodeThatThereIsNotIsUnknown) {
  google::rpc::Status strange;
  strange.set_code(99);
  strange.set_message("words");
  EXPECT_EQ(FromRpcStatus(strange), absl::UnknownError("words (status code 99)"));
}

}  // namespace
}  // namespace impasto
