// Words for error messages.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace impasto {

// The up to `count` names nearest to `word` by edit distance (case is ignored), nearest first; ties keep
// their order.
std::vector<std::string> NearestNames(absl::string_view word, const std::vector<std::string>& names,
                                      size_t count = 3);

// "1.4 GB", "18.5 MB", "312 bytes": decimal units.
std::string HumanBytes(double bytes);

}  // namespace impasto
