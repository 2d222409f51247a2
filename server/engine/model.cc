#include "engine/model.h"

#include <utility>

#include "base/status_macros.h"
#include "engine/executors/torch/torch_executor.h"
#include "engine/weights/reader.h"

namespace impasto::engine {

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(Graph graph, Weights weights,
                                                         const DeviceOptions& options) {
  std::shared_ptr<Model> model(new Model(std::move(graph)));
  model->family_ = weights.family;
  model->preprocessing_ = weights.preprocessing;
  model->origin_ = weights.origin;
  model->sha256_ = weights.sha256;
  model->missing_layers_ = MissingLayers(model->graph_, weights);
  IMPASTO_ASSIGN_OR_RETURN(model->executor_, MakeTorchExecutor(model->graph_, std::move(weights),
                                                               options.device, options.threads));
  return model;
}

absl::Status Model::WarmUp() const {
  // The last layer that the weights reach, on a picture that no layer finds too small.
  constexpr int kSide = 64;
  const std::vector<std::string> layers = graph_.LayerNames();
  for (size_t i = layers.size(); i-- > 0;) {
    absl::StatusOr<std::unique_ptr<Plan>> plan = executor_->Compile({layers[i]}, kSide, kSide, Pooling::kMax);
    if (absl::IsFailedPrecondition(plan.status())) continue;
    IMPASTO_RETURN_IF_ERROR(plan.status());
    std::vector<float> picture(size_t{3} * kSide * kSide, 0.0f);
    IMPASTO_RETURN_IF_ERROR((*plan)->Forward(picture, /*keep_gradient=*/true));
    const std::vector<float> gradient((*plan)->tap_shape(0).elements(), 1.0f);
    IMPASTO_RETURN_IF_ERROR((*plan)->AddGradient(0, gradient));
    return (*plan)->Backward(absl::MakeSpan(picture));
  }
  return absl::FailedPreconditionError("the weights hold no complete layer");
}

}  // namespace impasto::engine
