// The safetensors format: 8 bytes of header length, a JSON header, the numbers.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/tensor_source.h"

namespace impasto::engine {

bool LooksLikeSafetensors(const ByteSource& bytes);

// INVALID_ARGUMENT: a header that is no such header, or offsets that don't fit the shape or the file.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenSafetensors(std::unique_ptr<ByteSource> bytes);

}  // namespace impasto::engine
