#include "rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/field_error.h"
#include "google/rpc/error_details.pb.h"

namespace impasto::rpc {
namespace {

using testing::EndsWith;
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
  const grpc::Status status = ToGrpcStatus(FieldError(text, text));
  EXPECT_LE(3 * status.error_message().size() + 4 * status.error_details().size() / 3, 8192u - 512);
}

}  // namespace
}  // namespace impasto::rpc
