// One thing that is measured: a network at a size on an executor, a step at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/weights/weights.h"

namespace impasto::bench {

struct Case {
  std::string model;  // "vgg19", "vgg16", "resnet50"
  int width = 0;      // pixels
  int height = 0;
  std::string executor;  // one of Executors()
  int threads = 0;
  std::string weights;  // a folder, a file, or "": random weights; the speed doesn't depend on them
};

// "cpu", "torch-nchw", "torch-channels_last", "onednn": in the order of the table.
const std::vector<std::string>& Executors();
// Whether the executor can run the model at all: "onednn" only knows the VGGs, and is left out of a build
// without oneDNN's headers.
bool Runs(const std::string& executor, const std::string& model);

// Bytes of memory that a case may take, roughly and rather too much, so that one that can't fit isn't
// started.
int64_t MemoryGuess(const Case& c);

// Floating-point operations of a step, as DirectFlops counts them for the reference recipe's layers.
absl::StatusOr<double> DirectFlopsOf(const Case& c);

// The file's weights, or the best of the folder for the model; random ones for an empty path, and where the
// folder's lack a layer that the taps need. No taps: every layer is needed.
absl::StatusOr<engine::Weights> LoadWeights(const std::string& model, const std::string& path,
                                            const std::vector<std::string>& taps = {});

class Stepper {
 public:
  virtual ~Stepper() = default;
  virtual std::string description() const = 0;
  // cpu and torch: a whole step of the reference recipe: forward, losses, backward, Adam. onednn: the network
  // forward and backward, and nothing else.
  virtual absl::Status Step() = 0;
};

// Ready to step. `loaded_bytes` gets the process's memory with the model loaded, before anything is planned.
absl::StatusOr<std::unique_ptr<Stepper>> MakeStepper(const Case& c, int64_t* loaded_bytes);

}  // namespace impasto::bench
