#include "base/utf8.h"

namespace impasto {

size_t Utf8Length(absl::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = 0;
  if (byte(0) < 0x80) {
    return 1;
  } else if (byte(0) >= 0xc2 && byte(0) < 0xe0) {
    length = 2;
  } else if (byte(0) >= 0xe0 && byte(0) < 0xf0) {
    length = 3;
  } else if (byte(0) >= 0xf0 && byte(0) < 0xf5) {
    length = 4;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool bad = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) >= 0xa0) ||
                   (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) >= 0x90);
  return bad ? 0 : length;
}

std::optional<size_t> CountUtf8(absl::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) {
    const size_t length = Utf8Length(text);
    if (length == 0) return std::nullopt;
    text.remove_prefix(length);
  }
  return count;
}

}  // namespace impasto
