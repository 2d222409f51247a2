#include "engine/executors/torch/torch_executor.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/executors/tapped_graph.h"
#include "engine/executors/torch/device.h"
#include "engine/executors/torch/forecast.h"
#include "engine/executors/torch/memory_format.h"
#include "engine/executors/torch/plan.h"

namespace impasto::engine {
namespace {

using torch_executor::LayerTensors;
using torch_executor::Shared;

at::Tensor ToDevice(std::vector<float>* numbers, at::IntArrayRef shape, const at::Device& device) {
  at::Tensor tensor =
      at::from_blob(numbers->data(), shape, at::kFloat).to(device, at::kFloat, false, /*copy=*/true);
  std::vector<float>().swap(*numbers);
  return tensor;
}

class TorchExecutor final : public Executor {
 public:
  TorchExecutor(Graph graph, std::shared_ptr<const Shared> shared)
      : graph_(std::move(graph)), shared_(std::move(shared)) {
    const bool cuda = shared_->device.is_cuda();
    execution_.executor = "torch";
    if (!cuda) execution_.instruction_set = torch_executor::InstructionSet();
    execution_.memory_format = shared_->format == at::MemoryFormat::ChannelsLast ? "channels_last" : "nchw";
    execution_.precision = shared_->tf32 ? "tf32" : "float32";
    execution_.threads = cuda ? 0 : shared_->threads;
    execution_.device = shared_->device.str();
  }

  std::string description() const override {
    const char* format = shared_->format == at::MemoryFormat::ChannelsLast ? "channels_last" : "NCHW";
    if (shared_->device.is_cuda()) {
      return absl::StrCat("LibTorch on ", shared_->device.str(), ", ", format, shared_->tf32 ? ", TF32" : "");
    }
    return absl::StrCat("LibTorch on the CPU, ", shared_->threads, " threads, ", format);
  }
  const Execution& execution() const override { return execution_; }

  absl::StatusOr<std::unique_ptr<Plan>> Compile(const std::vector<std::string>& taps, int height, int width,
                                                Pooling pooling) const override {
    IMPASTO_ASSIGN_OR_RETURN(TappedGraph tapped, Tap(taps, height, width, pooling));
    return torch_executor::MakePlan(shared_, std::move(tapped.graph), taps, std::move(tapped.shapes));
  }

  absl::StatusOr<PlanForecast> Forecast(const std::vector<std::string>& taps, int height, int width,
                                        Pooling pooling, bool keep_gradient) const override {
    IMPASTO_ASSIGN_OR_RETURN(const TappedGraph tapped, Tap(taps, height, width, pooling));
    PlanForecast forecast;
    forecast.plan = torch_executor::PlanBytes(
        tapped.graph, tapped.shapes, taps, shared_->format == at::MemoryFormat::ChannelsLast, keep_gradient);
    for (const std::string& tap : taps) {
      const auto map = static_cast<int64_t>(
          tapped.shapes[static_cast<size_t>(tapped.graph.Find(tap))].elements() * sizeof(float));
      // Between Forward and Backward there is room for the difference: less is held then than in Backward.
      forecast.taps.push_back({.stored = map});
    }
    return forecast;
  }

 private:
  absl::StatusOr<TappedGraph> Tap(const std::vector<std::string>& taps, int height, int width,
                                  Pooling pooling) const {
    return MakeTappedGraph(graph_, taps, height, width, pooling,
                           [this](const std::string& name) { return shared_->layers.contains(name); });
  }

  const Graph graph_;
  const std::shared_ptr<const Shared> shared_;
  Execution execution_;
};

}  // namespace

absl::StatusOr<bool> MeansCuda(const std::string& device) {
  IMPASTO_ASSIGN_OR_RETURN(const at::Device parsed, torch_executor::ParseDevice(device));
  return parsed.is_cuda();
}

absl::StatusOr<std::unique_ptr<const Executor>> MakeTorchExecutor(const Graph& graph, Weights weights,
                                                                  const TorchOptions& options) {
  auto shared = std::make_shared<Shared>();
  IMPASTO_ASSIGN_OR_RETURN(shared->device, torch_executor::ParseDevice(options.device));
  shared->tf32 = options.precision == TorchPrecision::kTf32;
  if (shared->tf32 && !shared->device.is_cuda())
    return absl::InvalidArgumentError("precision tf32 is for CUDA devices alone");
  shared->threads = torch_executor::SetThreads(options.threads);
  if (shared->device.is_cuda()) torch_executor::SetUpCuda(shared->tf32);
  IMPASTO_ASSIGN_OR_RETURN(shared->format,
                           torch_executor::ChooseMemoryFormat(shared->device, options.memory_format));
  try {
    for (auto& [name, layer] : weights.layers) {
      LayerTensors tensors;
      if (!layer.kernel.empty()) {
        const auto& s = layer.kernel_shape;
        tensors.kernel =
            ToDevice(&layer.kernel, {s[0], s[1], s[2], s[3]}, shared->device).contiguous(shared->format);
        tensors.bias = ToDevice(&layer.bias, {s[0]}, shared->device);
      } else {
        const auto channels = static_cast<int64_t>(layer.gamma.size());
        tensors.gamma = ToDevice(&layer.gamma, {channels}, shared->device);
        tensors.beta = ToDevice(&layer.beta, {channels}, shared->device);
        tensors.mean = ToDevice(&layer.mean, {channels}, shared->device);
        tensors.variance = ToDevice(&layer.variance, {channels}, shared->device);
      }
      shared->layers.emplace(name, std::move(tensors));
    }
  } catch (const std::exception& e) {
    return absl::FailedPreconditionError(
        absl::StrCat("the weights of ", graph.model(), " can't be put on ", options.device, ": ", e.what()));
  }
  return std::make_unique<TorchExecutor>(graph, std::move(shared));
}

}  // namespace impasto::engine
