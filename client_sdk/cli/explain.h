// Failed calls, for people.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace impasto::cli {

// kExitUnreachable for UNAVAILABLE, kExitFailed for every other error.
int ExitCodeFor(const absl::Status& status);

// The server's words, and a second line with what to do about it where that is known. `address` is the
// server's.
std::string Explain(const absl::Status& status, const std::string& address);

// Where a field of the request came from: "--learning-rate" for "recipe.learning_rate". "" where nothing on
// the command line stands for it. Pictures are CONTENT, STYLE 1, STYLE 2, ... and --init.
std::string FlagOfField(const std::string& field);

}  // namespace impasto::cli
