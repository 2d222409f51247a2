// Statuses as they come over the wire, as absl::Status with the details as payloads.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/rpc/status.pb.h"

namespace impasto {

absl::Status FromGrpcStatus(const grpc::Status& grpc_status);
absl::Status FromRpcStatus(const google::rpc::Status& rpc_status);

// An error of the client's own with a reason: see impasto/error.h.
absl::Status WithReason(absl::Status status, const char* reason);

// Adds a google.rpc detail to a failed status, or replaces it.
void SetDetail(const google::protobuf::Message& detail, absl::Status* status);

}  // namespace impasto
