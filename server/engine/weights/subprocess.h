// Runs a program without a shell.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace impasto::engine {

struct ProgramResult {
  int exit_code = 0;   // 128 + the signal where one ended it
  std::string output;  // the last 16 kB of stdout and stderr together
};

// argv[0] is looked for in PATH; stdin is empty. Waits for the end. NOT_FOUND: no such program;
// DEADLINE_EXCEEDED: it ran longer than `timeout_seconds` and was killed.
absl::StatusOr<ProgramResult> RunProgram(const std::vector<std::string>& argv, int timeout_seconds);

}  // namespace impasto::engine
