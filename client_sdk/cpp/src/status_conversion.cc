#include "status_conversion.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace impasto {
namespace {

// A server has no reason to send more.
constexpr int kMaxDetails = 16;

absl::Status MakeStatus(int code, const std::string& message) {
  // gRPC's and Abseil's codes are the same numbers; anything else is a broken server.
  if (code < 0 || code > 16) {
    return absl::UnknownError(absl::StrCat(message, " (status code ", code, ")"));
  }
  return absl::Status(static_cast<absl::StatusCode>(code), message);
}

}  // namespace

absl::Status FromRpcStatus(const google::rpc::Status& rpc_status) {
  absl::Status status = MakeStatus(rpc_status.code(), rpc_status.message());
  if (status.ok()) {
    return status;
  }
  for (int i = 0; i < rpc_status.details_size() && i < kMaxDetails; ++i) {
    status.SetPayload(rpc_status.details(i).type_url(), absl::Cord(rpc_status.details(i).value()));
  }
  return status;
}

absl::Status FromGrpcStatus(const grpc::Status& grpc_status) {
  if (grpc_status.ok()) {
    return absl::OkStatus();
  }
  google::rpc::Status details;
  if (!grpc_status.error_details().empty() && !details.ParseFromString(grpc_status.error_details())) {
    details.Clear();
  }
  // The call's own code and words rule; the details only add to them.
  details.set_code(static_cast<int>(grpc_status.error_code()));
  details.set_message(grpc_status.error_message());
  return FromRpcStatus(details);
}

absl::Status WithReason(absl::Status status, const char* reason) {
  google::rpc::ErrorInfo info;
  info.set_domain("impasto-client");
  info.set_reason(reason);
  SetDetail(info, &status);
  return status;
}

void SetDetail(const google::protobuf::Message& detail, absl::Status* status) {
  status->SetPayload(absl::StrCat("type.googleapis.com/", detail.GetDescriptor()->full_name()),
                     absl::Cord(detail.SerializeAsString()));
}

}  // namespace impasto
