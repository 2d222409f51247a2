#include "engine/model.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/executors/cpu/cpu_executor.h"
#include "engine/recipe.h"
#include "engine/weights/reader.h"

namespace impasto::engine {
namespace {

// The one place where the executor is chosen. Where the CPU executor runs, LibTorch is given nothing to do
// and starts no threads.
absl::StatusOr<std::unique_ptr<const Executor>> MakeExecutor(const Graph& graph, Weights weights,
                                                             const DeviceOptions& options) {
  if (options.executor != "auto" && options.executor != "cpu" && options.executor != "torch") {
    return absl::InvalidArgumentError(
        absl::StrCat("executor \"", options.executor.substr(0, 64), "\" is not auto, cpu or torch"));
  }
  // "auto" is what the executor that was asked for can do: the CPU executor never looks for a card.
  if (options.executor == "cpu" && absl::StartsWith(options.device, "cuda")) {
    return absl::InvalidArgumentError(absl::StrCat("executor cpu runs on a CPU alone, and the device is ",
                                                   options.device.substr(0, 64),
                                                   "; executor torch runs there"));
  }
  bool cuda = false;
  if (options.executor != "cpu" || options.device != "auto") {
    IMPASTO_ASSIGN_OR_RETURN(cuda, MeansCuda(options.device));
  }
  if (options.executor == "cpu" || (options.executor == "auto" && !cuda)) {
    if (options.torch_precision != TorchPrecision::kFloat32)
      return absl::InvalidArgumentError("precision tf32 is for CUDA devices alone");
    return MakeCpuExecutor(graph, std::move(weights), options.threads);
  }
  return MakeTorchExecutor(graph, std::move(weights),
                           {.device = options.device,
                            .threads = options.threads,
                            .memory_format = options.torch_memory_format,
                            .precision = options.torch_precision});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(Graph graph, Weights weights,
                                                         const DeviceOptions& options) {
  std::shared_ptr<Model> model(new Model(std::move(graph)));
  model->family_ = weights.family;
  model->preprocessing_ = weights.preprocessing;
  model->origin_ = weights.origin;
  model->sha256_ = weights.sha256;
  model->missing_layers_ = MissingLayers(model->graph_, weights);
  IMPASTO_ASSIGN_OR_RETURN(model->executor_, MakeExecutor(model->graph_, std::move(weights), options));
  return model;
}

absl::Status Model::WarmUp() const {
  constexpr int kSide = 64;  // no layer finds it too small
  const std::vector<std::string> layers = graph_.LayerNames();
  // What the default recipe needs, and no more: an executor may keep a transformed copy of each layer that
  // was ever compiled. Where the weights lack one of its layers, the last one that they reach.
  std::vector<std::vector<std::string>> choices;
  if (absl::StatusOr<Recipe> recipe = MakePreset(PresetNames().front(), name(), family_); recipe.ok()) {
    std::set<std::string> taps;
    for (const LayerWeight& layer : recipe->content_layers) taps.insert(layer.layer);
    for (const LayerWeight& layer : recipe->style_layers) taps.insert(layer.layer);
    choices.emplace_back(taps.begin(), taps.end());
  }
  for (size_t i = layers.size(); i-- > 0;) choices.push_back({layers[i]});
  for (const std::vector<std::string>& taps : choices) {
    absl::StatusOr<std::unique_ptr<Plan>> plan = executor_->Compile(taps, kSide, kSide, Pooling::kMax);
    if (absl::IsFailedPrecondition(plan.status())) continue;
    IMPASTO_RETURN_IF_ERROR(plan.status());
    std::vector<float> picture(size_t{3} * kSide * kSide, 0.0f);
    IMPASTO_RETURN_IF_ERROR((*plan)->Forward(picture, /*keep_gradient=*/true));
    for (int tap = 0; tap < static_cast<int>(taps.size()); ++tap) {
      const std::vector<float> gradient((*plan)->tap_shape(tap).elements(), 1.0f);
      IMPASTO_RETURN_IF_ERROR((*plan)->AddGradient(tap, gradient));
    }
    return (*plan)->Backward(absl::MakeSpan(picture));
  }
  return absl::FailedPreconditionError("the weights hold no complete layer");
}

}  // namespace impasto::engine
