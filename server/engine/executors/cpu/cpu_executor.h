// The fast executor for CPUs: a fixed plan of fused layers with its own buffers, Winograd convolutions on
// vector instructions chosen at run time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/executors/executor.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// threads: of the executor's pool, the caller's own among them; 0: as many as the process may use. A run's
// numbers don't depend on it, bit for bit. Takes the numbers out of `weights`; a layer's are transformed when
// the first plan that needs it is compiled, and shared by all plans. FAILED_PRECONDITION: a processor without
// the least vector instructions (SSE4 on x86-64).
absl::StatusOr<std::unique_ptr<const Executor>> MakeCpuExecutor(const Graph& graph, Weights weights,
                                                                int threads);

// One fused step of a plan, for benchmarks.
struct StepTime {
  std::string step;  // the layers in it, joined by +
  double forward_seconds = 0, backward_seconds = 0;
  double direct_flops =
      0;  // 2 x multiplications of a direct convolution, one direction; 0: not a convolution
};
// Means over `repeats` runs forward and backward, one that isn't counted before them; the losses' part of
// Backward (D F) is counted where the tap is made. INVALID_ARGUMENT for an executor that isn't
// MakeCpuExecutor's, else as Compile.
absl::StatusOr<std::vector<StepTime>> ProfileSteps(const Executor& executor,
                                                   const std::vector<std::string>& taps, int height,
                                                   int width, int repeats);

}  // namespace impasto::engine
