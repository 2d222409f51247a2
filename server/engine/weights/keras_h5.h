// Keras's .h5 files. Tensors are named by their path in the file, "block1_conv1/block1_conv1_W_1:0".
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/tensor_source.h"

namespace impasto::engine {

bool LooksLikeHdf5(const ByteSource& bytes);

// INVALID_ARGUMENT: damaged, with loops, or with links or data outside the file, none of which is ever
// followed. The HDF5 library is called under one lock, here and in what is returned.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenKerasH5(const std::string& path);

}  // namespace impasto::engine
