#include "rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error_details.h"
#include "base/field_error.h"
#include "google/rpc/error_details.pb.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::Pair;
using testing::SizeIs;

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(Status, OkStaysOk) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(Status, EveryCodeIsTheSameNumber) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "why"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "why");
    const google::rpc::Status details = Details(status);
    EXPECT_EQ(details.code(), code);
    EXPECT_EQ(details.message(), "why");
    ASSERT_THAT(details.details(), SizeIs(1));
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(info.domain(), "impasto");
    EXPECT_EQ(info.reason(), absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
  EXPECT_EQ(ToGrpcStatus(absl::ResourceExhaustedError("")).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(Status, AFieldIsNamedInTheDetails) {
  const grpc::Status status =
      ToGrpcStatus(FieldError("recipe.style_layers[2].layer", "\"block9\" is no layer"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "recipe.style_layers[2].layer: \"block9\" is no layer");
  const google::rpc::Status details = Details(status);
  ASSERT_THAT(details.details(), SizeIs(2));
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad_request));
  ASSERT_THAT(bad_request.field_violations(), SizeIs(1));
  EXPECT_EQ(bad_request.field_violations(0).field(), "recipe.style_layers[2].layer");
  EXPECT_EQ(bad_request.field_violations(0).description(), "\"block9\" is no layer");
}

TEST(Status, FactsAreTheErrorInfosMetadata) {
  absl::Status status = FieldError("recipe.max_size", "never fits", absl::StatusCode::kResourceExhausted);
  status = WithFact(WithFact(std::move(status), "forecast_bytes", "3000"), "budget_bytes", "2000");
  const google::rpc::Status details = ToStatusProto(status);
  ASSERT_THAT(details.details(), SizeIs(2));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "RESOURCE_EXHAUSTED");
  const std::map<std::string, std::string> facts(info.metadata().begin(), info.metadata().end());
  EXPECT_THAT(facts, ElementsAre(Pair("budget_bytes", "2000"), Pair("forecast_bytes", "3000")));
  EXPECT_TRUE(details.details(1).Is<google::rpc::BadRequest>());
}

TEST(Status, WhenToTryAgainIsARetryInfo) {
  const auto delay = [](double seconds) {
    const google::rpc::Status details = ToStatusProto(WithRetryAfter(absl::UnavailableError("x"), seconds));
    EXPECT_THAT(details.details(), SizeIs(2));
    google::rpc::RetryInfo info;
    EXPECT_TRUE(details.details(1).UnpackTo(&info));
    return std::make_pair(info.retry_delay().seconds(), info.retry_delay().nanos());
  };
  EXPECT_THAT(delay(2.5), Pair(2, 500'000'000));
  EXPECT_THAT(delay(0), Pair(0, 0));
  EXPECT_THAT(delay(-1), Pair(0, 0));
  EXPECT_THAT(delay(1e9), Pair(3600, 0));
}

TEST(Status, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("a\xff\xc3\xa9\xc3z\xed\xa0\x80")).error_message(),
            "a?\xc3\xa9?z???");
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("\xf0\x9f\x8e\xa8\xf0\x9f")).error_message(),
            "\xf0\x9f\x8e\xa8??");
}

TEST(Status, LongMessagesAreCutBetweenCharacters) {
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError(std::string(1000, 'x'))).error_message(),
            std::string(1000, 'x'));
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError(std::string(1001, 'x'))).error_message(),
            std::string(997, 'x') + "...");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xc3\xa9";
  const std::string message = ToGrpcStatus(absl::NotFoundError(text)).error_message();
  EXPECT_EQ(message.size(), 999u);
  EXPECT_THAT(message, EndsWith("\xc3\xa9..."));
}

TEST(Status, TheWholeFitsIntoAClientsMetadata) {
  const std::string text(100'000, '\xff');
  absl::Status all = WithRetryAfter(FieldError(text, text), 1);
  for (int i = 0; i < 100; ++i) all = WithFact(std::move(all), absl::StrCat(i, text), text);
  const grpc::Status status = ToGrpcStatus(all);
  EXPECT_LE(3 * status.error_message().size() + 4 * status.error_details().size() / 3, 8192u - 512);
}

}  // namespace
}  // namespace impasto::rpc
