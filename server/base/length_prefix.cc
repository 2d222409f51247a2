#include "base/length_prefix.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace impasto {

std::string WithLength(absl::string_view bytes) {
  std::string length(4, '\0');
  for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(bytes.size() >> (8 * i));
  return absl::StrCat(length, bytes);
}

absl::StatusOr<std::string> ReadWithLength(std::istream& in, uint32_t most) {
  std::array<char, 4> length;
  in.read(length.data(), length.size());
  uint32_t size = 0;
  for (size_t i = 0; i < length.size(); ++i) {
    size |= static_cast<uint32_t>(static_cast<uint8_t>(length[i])) << (8 * i);
  }
  if (!in || size > most) return absl::DataLossError("it has no whole header");
  std::string bytes(size, '\0');
  in.read(bytes.data(), size);
  if (!in) return absl::DataLossError("it has no whole header");
  return bytes;
}

}  // namespace impasto
