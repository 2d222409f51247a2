#include "rpc/status.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/error_details.h"
#include "base/field_error.h"
#include "base/utf8.h"
#include "google/rpc/error_details.pb.h"

namespace impasto::rpc {
namespace {

// gRPC percent-encodes the message, which may triple it; the details, which hold it twice, go as base64.
// Together they stay below the 8 KiB of metadata that clients take.
constexpr size_t kMaxMessage = 1000;
constexpr size_t kMaxField = 200;
constexpr size_t kMaxFacts = 6;
constexpr size_t kMaxFactKey = 40;
constexpr size_t kMaxFactValue = 100;
// A client that is told to wait longer would rather ask.
constexpr double kMaxRetrySeconds = 3600;

// UTF-8 of at most `limit` bytes. Protobuf's strings hold nothing else, and messages may quote a client's
// bytes.
std::string Clean(absl::string_view text, size_t limit) {
  constexpr absl::string_view kCut = "...";
  std::string clean;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const absl::string_view next = length == 0 ? "?" : text.substr(0, length);
    if (clean.size() + next.size() > limit - kCut.size()) {
      // Does the rest fit as it is? Then nothing is cut.
      if (clean.size() + text.size() > limit) return absl::StrCat(clean, kCut);
    }
    absl::StrAppend(&clean, next);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

}  // namespace

google::rpc::Status ToStatusProto(const absl::Status& status) {
  google::rpc::Status proto;
  if (status.ok()) return proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(Clean(status.message(), kMaxMessage));

  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason(absl::StatusCodeToString(status.code()));
  for (const auto& [key, value] : FactsOf(status)) {
    if (static_cast<size_t>(info.metadata_size()) == kMaxFacts) break;
    (*info.mutable_metadata())[Clean(key, kMaxFactKey)] = Clean(value, kMaxFactValue);
  }
  proto.add_details()->PackFrom(info);

  if (const std::string field = FieldOf(status); !field.empty()) {
    absl::string_view description = status.message();
    // The message starts with the field, for those who see nothing else.
    const std::string prefix = absl::StrCat(field, ": ");
    if (absl::StartsWith(description, prefix)) description.remove_prefix(prefix.size());
    google::rpc::BadRequest bad_request;
    auto* violation = bad_request.add_field_violations();
    violation->set_field(Clean(field, kMaxField));
    violation->set_description(Clean(description, kMaxMessage));
    proto.add_details()->PackFrom(bad_request);
  }
  if (const std::optional<double> retry = RetryAfterOf(status)) {
    // In this order, what is no number is 0.
    const double seconds = std::min(std::max(0.0, *retry), kMaxRetrySeconds);
    google::rpc::RetryInfo retry_info;
    retry_info.mutable_retry_delay()->set_seconds(static_cast<int64_t>(seconds));
    retry_info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(std::fmod(seconds, 1) * 1e9));
    proto.add_details()->PackFrom(retry_info);
  }
  return proto;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = ToStatusProto(status);
  // The codes are the same numbers.
  return grpc::Status(static_cast<grpc::StatusCode>(proto.code()), proto.message(),
                      proto.SerializeAsString());
}

}  // namespace impasto::rpc
