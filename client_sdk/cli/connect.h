// The connection of every command.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "impasto/client.h"

namespace impasto::cli {

// Connects, and says on stderr why it can't. An empty address is the SDK's default; with wait_seconds above 0
// a server that isn't there yet is waited for.
absl::StatusOr<Client> ConnectOrExplain(const std::string& address, double wait_seconds);

}  // namespace impasto::cli
