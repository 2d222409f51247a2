// Number formats of tensors in files, and their conversion to float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace impasto::engine {

enum class ElementType { kF64, kF32, kF16, kBF16, kU8, kI8, kI16, kI32, kI64, kBool };

size_t ElementBytes(ElementType type);
const char* ElementName(ElementType type);  // "float32", "uint8", ...
bool IsFloat(ElementType type);

float HalfToFloat(uint16_t half);
float BFloat16ToFloat(uint16_t bits);

// `count` little-endian elements as float. The formats of integers other than uint8 hold no weights: their
// callers refuse them.
std::vector<float> ToFloats(ElementType type, absl::string_view bytes, size_t count);

// The number of elements of the shape, or -1 where a dimension is negative or the product is over `limit`.
int64_t ElementCount(const std::vector<int64_t>& shape, int64_t limit);

}  // namespace impasto::engine
