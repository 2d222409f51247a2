// Text that may be none.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace impasto {

// Bytes of the UTF-8 character that `text` starts with; 0 where it is empty or starts with none: overlong
// forms, surrogates and what lies beyond Unicode aren't characters.
size_t Utf8Length(absl::string_view text);

// Characters of `text`; nothing where it isn't UTF-8 to its end.
std::optional<size_t> CountUtf8(absl::string_view text);

}  // namespace impasto
