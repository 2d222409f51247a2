// The table of `impasto-bench`: networks x sizes x executors.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/size.h"

namespace impasto::bench {

constexpr int kSmallestSide = 16, kLargestSide = 8192;

struct TableOptions {
  std::vector<std::string> models = {"vgg19", "vgg16", "resnet50"};
  std::vector<Size> sizes = {{256, 192}, {512, 384}, {1024, 768}, {2048, 1536}};
  std::vector<std::string> executors;  // empty: all
  // Rivals only up to this many pixels, long side: beyond, each of their steps takes a minute on a slow
  // processor, and 16 GB.
  int rivals_up_to = 1024;
  int iterations = 7;            // steps measured of each case, at most
  double seconds_per_size = 45;  // then no more rounds are begun, after two
  int threads = 0;
  std::string weights;
  std::string json_file;  // empty: none
};

// Prints a line a case as they are measured, and writes the JSON file at the end. A case that can't be run
// has its reason in the table, and is no error. INVALID_ARGUMENT: an unknown model or executor;
// FAILED_PRECONDITION: the JSON file can't be written.
absl::Status RunTable(const TableOptions& options);

// "512": 512 x 384, as a photograph of 4:3; "512x340": so. INVALID_ARGUMENT: no size from 16 to 8192.
absl::StatusOr<Size> ParseSize(const std::string& text);

// The growth of `bytes` with `pixels`: from the second largest picture to the largest. (The peak at small
// sizes is that of loading the model, which would make the line look flatter than it is.) 0 for fewer than
// two sizes.
double BytesPerPixel(const std::vector<double>& pixels, const std::vector<double>& bytes);

}  // namespace impasto::bench
