// `impasto-bench --layers`: where the CPU executor's time goes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/benchmarks/table.h"

namespace impasto::bench {

struct LayersOptions {
  std::vector<std::string> models = {"vgg19", "resnet50"};
  Size size = {512, 384};
  int repeats = 5;
  int threads = 0;
  std::string weights;
  std::string json_file;  // empty: none
};

// Prints a line for each fused step of the plan for the reference recipe's layers, and the sum.
// INVALID_ARGUMENT: an unknown model; FAILED_PRECONDITION: the JSON file can't be written.
absl::Status RunLayers(const LayersOptions& options);

}  // namespace impasto::bench
