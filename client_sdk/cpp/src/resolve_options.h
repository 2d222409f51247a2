// Options as they are used: checked, and with the environment's where nothing was said.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "impasto/options.h"

namespace impasto {

// Fills in address, tls and token. INVALID_ARGUMENT: an option is bad, and which.
absl::StatusOr<ClientOptions> ResolveOptions(ClientOptions options);

// An address of this machine, as far as can be told without asking a name server.
bool IsThisMachine(std::string_view address);

}  // namespace impasto
