// A loaded model: its graph, its weights and the executor that holds them. Shared by all jobs of the model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/executors/executor.h"
#include "engine/executors/torch/torch_executor.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// Where and by what a model runs.
struct DeviceOptions {
  std::string device = "auto";  // "auto" (CUDA where there is one, else the CPU), "cpu", "cuda:N"
  int threads = 0;              // CPU threads; 0: as many as the process may use
  // "cpu" (our own kernels; no CUDA), "torch" (LibTorch, on any device); "auto": cpu on a CPU, torch on CUDA.
  std::string executor = "auto";
  // Of the torch executor alone.
  TorchMemoryFormat torch_memory_format = TorchMemoryFormat::kMeasured;
  TorchPrecision torch_precision = TorchPrecision::kFloat32;
};

// Immutable after Load, but for the executor's own synchronisation. Thread-safe.
class Model {
 public:
  // `weights` of the graph's model; its numbers move to the device and are not kept twice.
  // INVALID_ARGUMENT: a device or an executor that isn't known, or the two don't fit together;
  // FAILED_PRECONDITION: a device that isn't there.
  static absl::StatusOr<std::shared_ptr<const Model>> Load(Graph graph, Weights weights,
                                                           const DeviceOptions& options);

  // Runs the default recipe's layers once, forward and backward, on a small picture, so that the first job
  // doesn't pay for it.
  absl::Status WarmUp() const;

  const std::string& name() const { return graph_.model(); }
  const Graph& graph() const { return graph_; }
  WeightsFamily family() const { return family_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }
  const std::string& origin() const { return origin_; }
  const std::string& sha256() const { return sha256_; }
  const std::vector<std::string>& missing_layers() const { return missing_layers_; }
  const Executor& executor() const { return *executor_; }

 private:
  explicit Model(Graph graph) : graph_(std::move(graph)) {}
  Graph graph_;
  WeightsFamily family_ = WeightsFamily::kKeras;
  Preprocessing preprocessing_;
  std::string origin_;
  std::string sha256_;
  std::vector<std::string> missing_layers_;
  std::unique_ptr<const Executor> executor_;
};

}  // namespace impasto::engine
