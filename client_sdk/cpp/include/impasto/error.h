// What a failed call says besides its code and message.
//
// Every error that a server sent is an absl::Status with the server's own code and words. The google.rpc
// details that came with it are kept as payloads under their type URLs
// ("type.googleapis.com/google.rpc.BadRequest"), as serialised messages.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace impasto {

// The request field that the server names as at fault ("recipe.style_layers[2].layer"), or "".
std::string ErrorField(const absl::Status& status);

// The server's machine-readable reason (google.rpc.ErrorInfo), or "".
std::string ErrorReason(const absl::Status& status);

// The facts that came with it (google.rpc.ErrorInfo's metadata): "largest_max_size" to "900", for one.
std::map<std::string, std::string> ErrorFacts(const absl::Status& status);

// After how long the server says that it may work (google.rpc.RetryInfo); never negative.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

}  // namespace impasto
