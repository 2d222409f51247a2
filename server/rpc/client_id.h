// Whose a job is.
#pragma once

#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::rpc {

// What the client calls itself in the call's metadata "impasto-client", 1 to 64 printable ASCII characters;
// or the host of `peer` (as gRPC spells it, "ipv4:127.0.0.1:4711"), without its port; "unix" for a unix
// socket. INVALID_ARGUMENT, naming "impasto-client": it is something else, or given twice.
absl::StatusOr<std::string> ClientId(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                                     absl::string_view peer);

}  // namespace impasto::rpc
