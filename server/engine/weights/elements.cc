#include "engine/weights/elements.h"
#include "absl/strings/string_view.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace impasto::engine {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the readers copy little-endian numbers as they are");

template <typename T>
T Load(absl::string_view bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

size_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kF64:
    case ElementType::kI64:
      return 8;
    case ElementType::kF32:
    case ElementType::kI32:
      return 4;
    case ElementType::kF16:
    case ElementType::kBF16:
    case ElementType::kI16:
      return 2;
    case ElementType::kU8:
    case ElementType::kI8:
    case ElementType::kBool:
      return 1;
  }
  return 1;
}

const char* ElementName(ElementType type) {
  switch (type) {
    case ElementType::kF64:
      return "float64";
    case ElementType::kF32:
      return "float32";
    case ElementType::kF16:
      return "float16";
    case ElementType::kBF16:
      return "bfloat16";
    case ElementType::kU8:
      return "uint8";
    case ElementType::kI8:
      return "int8";
    case ElementType::kI16:
      return "int16";
    case ElementType::kI32:
      return "int32";
    case ElementType::kI64:
      return "int64";
    case ElementType::kBool:
      return "bool";
  }
  return "unknown";
}

bool IsFloat(ElementType type) {
  return type == ElementType::kF64 || type == ElementType::kF32 || type == ElementType::kF16 ||
         type == ElementType::kBF16;
}

float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const int exponent = (half >> 10) & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0) {  // zero, or below the normal range: mantissa * 2^-24, exact in float32
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  // 31 is infinity or NaN; others move from bias 15 to bias 127.
  const uint32_t wide = exponent == 31 ? 255u : static_cast<uint32_t>(exponent + 112);
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

float BFloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

std::vector<float> ToFloats(ElementType type, absl::string_view bytes, size_t count) {
  std::vector<float> values(count);
  switch (type) {
    case ElementType::kF32:
      if (count > 0) std::memcpy(values.data(), bytes.data(), count * sizeof(float));
      break;
    case ElementType::kF64:
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(Load<double>(bytes, i));
      break;
    case ElementType::kF16:
      for (size_t i = 0; i < count; ++i) values[i] = HalfToFloat(Load<uint16_t>(bytes, i));
      break;
    case ElementType::kBF16:
      for (size_t i = 0; i < count; ++i) values[i] = BFloat16ToFloat(Load<uint16_t>(bytes, i));
      break;
    case ElementType::kU8:
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(Load<uint8_t>(bytes, i));
      break;
    default:
      for (float& value : values) value = std::nanf("");  // fails the check for finite numbers
  }
  return values;
}

int64_t ElementCount(const std::vector<int64_t>& shape, int64_t limit) {
  int64_t count = 1;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return -1;
    if (__builtin_mul_overflow(count, dimension, &count)) return -1;
  }
  return count > limit ? -1 : count;
}

}  // namespace impasto::engine
