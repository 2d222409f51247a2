#include "rpc/status.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/field_error.h"
#include "google/rpc/error_details.pb.h"

namespace impasto::rpc {
namespace {

// gRPC percent-encodes the message, which may triple it; the details, which hold it twice, go as base64.
// Together they stay below the 8 KiB of metadata that clients take.
constexpr size_t kMaxMessage = 1000;
constexpr size_t kMaxField = 200;

// The length of the UTF-8 sequence that `text` starts with; 0 where it starts with none.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = 0;
  if (byte(0) < 0x80) {
    return 1;
  } else if (byte(0) >= 0xc2 && byte(0) < 0xe0) {
    length = 2;
  } else if (byte(0) >= 0xe0 && byte(0) < 0xf0) {
    length = 3;
  } else if (byte(0) >= 0xf0 && byte(0) < 0xf5) {
    length = 4;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond Unicode.
  const bool bad = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) >= 0xa0) ||
                   (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) >= 0x90);
  return bad ? 0 : length;
}

// UTF-8 of at most `limit` bytes. Protobuf's strings hold nothing else, and messages may quote a client's
// bytes.
std::string Clean(absl::string_view text, size_t limit) {
  constexpr absl::string_view kCut = "...";
  std::string clean;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
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
