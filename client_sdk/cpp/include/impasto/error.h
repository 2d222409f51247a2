// What a failed call says besides its code and message.
//
// Every error that a server sent is an absl::Status with the server's own code and words. The google.rpc
// details that came with it are kept as payloads under their type URLs
// ("type.googleapis.com/google.rpc.BadRequest"), as serialised messages.
//
// Errors of the client's own that a program may want to tell apart have a reason, too. UNAVAILABLE, where
// there is no connection:
//   NOBODY_THERE             nobody listens at the address
//   UNKNOWN_HOST             no host of that name is known
//   NO_GRPC_THERE            what listens there isn't a gRPC server
//   CLOSED_WITHOUT_TLS       the server closed a connection that wasn't encrypted: it may want TLS
//   NO_TLS_THERE             what listens there doesn't speak TLS
//   CERTIFICATE_NOT_TRUSTED  expired, or of no authority among the trusted ones
//   CERTIFICATE_OF_ANOTHER   for other names than the address's
// INVALID_ARGUMENT:
//   TOKEN_IN_THE_CLEAR       the token would leave this machine over a connection that isn't encrypted
//
// All functions here are thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace impasto {

// The request field that the server names as at fault ("recipe.style_layers[2].layer"), or "".
std::string ErrorField(const absl::Status& status);

// The machine-readable reason (google.rpc.ErrorInfo), or "".
std::string ErrorReason(const absl::Status& status);

// The facts that came with it (google.rpc.ErrorInfo's metadata): "largest_max_size" to "900", for one.
std::map<std::string, std::string> ErrorFacts(const absl::Status& status);

// After how long the server says that it may work (google.rpc.RetryInfo); never negative.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

}  // namespace impasto
