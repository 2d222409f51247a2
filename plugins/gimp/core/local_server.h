// A server on this machine, for who has none.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace impasto::gimp {

// The path of impastod: IMPASTO_IMPASTOD, in the bin of `prefix` ("/usr/local"; empty: none), or in PATH.
// NOT_FOUND, with what to do.
absl::StatusOr<std::string> FindLocalServer(const std::string& prefix);

// Whether the address is this machine's own, as far as can be told without a name server: only there can a
// server be started.
bool IsThisMachine(const std::string& address);

// Starts `impastod --listen ADDRESS` in a session of its own: it goes on when the host ends, and so do its
// jobs. What it says goes to `log_file`. Returns at once; whether it answers is for a ServerWatch to see.
// INTERNAL: it can't be started, and why.
absl::Status StartLocalServer(const std::string& program, const std::string& address,
                              const std::string& log_file);

}  // namespace impasto::gimp
