// torchvision's names: "features.0.weight" and so on.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/name_maps.h"

namespace impasto::engine {

// nullopt where no name is one of torchvision's VGGs or ResNets; INVALID_ARGUMENT as IdentifyModel, and for
// every ResNet.
absl::StatusOr<std::optional<NamedModel>> IdentifyTorchvision(const TensorSource& source,
                                                              absl::string_view wanted);

}  // namespace impasto::engine
