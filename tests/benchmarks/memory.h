// `impasto-bench --memory`: how far the forecast of a job's memory is from what the job takes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace impasto::bench {

struct MemoryOptions {
  std::vector<std::string> models;  // empty: all, and rows of other recipes and executors
  std::vector<int> sizes;           // long sides of 4:3; empty: 128 to 2048
  int threads = 0;
  std::string weights;    // a folder or a file; random weights for layers that it lacks
  std::string json_file;  // empty: none
};

// Prints a line for each job, which runs in a process of its own. INVALID_ARGUMENT: an unknown model;
// FAILED_PRECONDITION: the JSON file can't be written. A job that fails says so in its line.
absl::Status RunMemory(const MemoryOptions& options);

// What the process of one job does. Returns its exit code.
int RunMemoryChild(const std::string& argument);

}  // namespace impasto::bench
