// The one place where a status becomes gRPC's.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace impasto::rpc {

// The code and message, with an ErrorInfo (domain "impasto", reason: the code's name, metadata: the status's
// facts) and, where the status names a field, a BadRequest, and where it says when to try again, a RetryInfo.
// Messages are cut at 1000 bytes: they travel as metadata too, of which clients take 8 KiB in all.
google::rpc::Status ToStatusProto(const absl::Status& status);

// The same as gRPC's, details included.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace impasto::rpc
