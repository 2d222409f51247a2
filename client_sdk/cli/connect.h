// The connection of every command.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/server_flags.h"
#include "impasto/client.h"

namespace impasto::cli {

// Connects, and says on stderr why it can't.
absl::StatusOr<Client> ConnectOrExplain(const ServerFlags& flags);

// The exit status after ConnectOrExplain failed: an address of another form, or a file that a flag names and
// that can't be read, is wrong usage.
int ExitCodeForConnect(const absl::Status& status);

// What the command line calls itself: "cli-1000-5e1f03c2", the user's number and a hash of the machine's
// name. A server shares its device between clients by their names. So a user is one client however many
// shells he has, two users of one machine are two, and so are two machines whose users have the same number.
// Neither the user's nor the machine's name is told to whoever lists jobs.
std::string CliClientName();

}  // namespace impasto::cli
