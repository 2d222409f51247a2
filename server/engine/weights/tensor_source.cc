#include "engine/weights/tensor_source.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace impasto::engine {

std::string Quoted(absl::string_view name) {
  constexpr size_t kLongest = 80;
  const bool cut = name.size() > kLongest;
  return absl::StrCat("'", absl::CHexEscape(std::string(name.substr(0, kLongest))), cut ? "...'" : "'");
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return shape.empty() ? "a single number" : absl::StrJoin(shape, "x");
}

}  // namespace impasto::engine
