// Keras's names of layers and parameters, in all of their forms.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/name_maps.h"

namespace impasto::engine {

// Names like "block1_conv1/block1_conv1/kernel:0", "block1_conv1/block1_conv1_W_1:0",
// "model_weights/vgg19/block1_conv1/kernel:0". nullopt where no name is one of Keras's; INVALID_ARGUMENT as
// IdentifyModel.
absl::StatusOr<std::optional<NamedModel>> IdentifyKeras(const TensorSource& source, bool kernels_hwio,
                                                        absl::string_view wanted);

}  // namespace impasto::engine
