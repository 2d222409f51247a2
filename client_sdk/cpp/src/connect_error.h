// Why there is no connection, in words that say what to do.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "impasto/options.h"

namespace impasto {

// A call's status as the SDK gives it. A server's own is FromGrpcStatus's. gRPC's words for a connection that
// can't be made become UNAVAILABLE with other words and a reason: see error.h.
absl::Status CallStatus(const ClientOptions& options, const grpc::Status& grpc_status);

}  // namespace impasto
