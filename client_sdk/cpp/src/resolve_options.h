// Options as they are used: checked, and with the environment's where nothing was said.
#pragma once

#include "absl/status/statusor.h"
#include "impasto/options.h"

namespace impasto {

// Fills in address, tls and token. INVALID_ARGUMENT: an option is bad, and which.
absl::StatusOr<ClientOptions> ResolveOptions(ClientOptions options);

}  // namespace impasto
