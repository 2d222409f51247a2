// The reference executor: LibTorch's operators and autograd, on any device that LibTorch has.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/executors/executor.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// How maps lie in memory. Which one is faster depends on the processor and on what oneDNN has for it: on one
// with AVX2 alone channels_last is a third slower, on some with AVX-512 twice as fast.
enum class TorchMemoryFormat {
  kMeasured,  // channels_last on CUDA; on a CPU, the faster one of a measurement that takes 0.1 to 0.5 s,
              // once a process
  kNchw,
  kChannelsLast,
};

// What convolutions and matrix products on CUDA compute in. Sums are float32 in both.
enum class TorchPrecision {
  kFloat32,
  kTf32,  // factors rounded to 10 bits, on cards since Ampere: several times as fast; CUDA alone
};

struct TorchOptions {
  std::string device = "auto";  // "auto" (CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:N"
  int threads = 0;              // CPU threads, for the whole process; 0: as many as the process may use
  TorchMemoryFormat memory_format = TorchMemoryFormat::kMeasured;
  // float32 is the default because TF32 doesn't keep results within the bounds of parity: emulated on a CPU,
  // the gradient of VGG19's reference recipe is 3e-2 off (relative L2), and 1e-2 is allowed. Half precision
  // isn't offered: it rounds as much, and ends at 65504, where Gram matrices of Keras's VGG19 reach 1e7.
  TorchPrecision precision = TorchPrecision::kFloat32;
};

// Whether `device` means a CUDA device. INVALID_ARGUMENT: another device name; FAILED_PRECONDITION: a device
// that isn't there. Starts no threads.
absl::StatusOr<bool> MeansCuda(const std::string& device);

// Takes the numbers out of `weights` layer by layer, so that they are never all there twice.
// INVALID_ARGUMENT: another device name, TF32 on a CPU; FAILED_PRECONDITION: a device that isn't there, or no
// memory left on it. Precision on CUDA is a setting of the process: the latest executor's holds for all.
absl::StatusOr<std::unique_ptr<const Executor>> MakeTorchExecutor(const Graph& graph, Weights weights,
                                                                  const TorchOptions& options);

}  // namespace impasto::engine
