// The reference executor: LibTorch's operators and autograd, on any device that LibTorch has.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/executors/executor.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// device: "auto" (CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:N". threads: CPU threads, for
// the whole process; 0: as many as the process may use. Takes the numbers out of `weights` layer by layer, so
// that they are never all there twice. INVALID_ARGUMENT: another device name; FAILED_PRECONDITION: a device
// that isn't there, or no memory left on it.
absl::StatusOr<std::unique_ptr<const Executor>> MakeTorchExecutor(const Graph& graph, Weights weights,
                                                                  const std::string& device, int threads);

}  // namespace impasto::engine
