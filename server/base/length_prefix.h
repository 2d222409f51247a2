// A short part at the head of a file, before what fills the rest.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto {

// Its length in four bytes, little-endian, then `bytes`, which are fewer than 2^32.
std::string WithLength(absl::string_view bytes);

// Reads such a part, and not a byte more. DATA_LOSS: it is cut short, or says that it has more than `most`
// bytes: nothing is allocated for them.
absl::StatusOr<std::string> ReadWithLength(std::istream& in, uint32_t most);

}  // namespace impasto
