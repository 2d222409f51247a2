#include "base/size.h"

#include <algorithm>
#include <cstdint>

namespace impasto {

Size FitWithin(Size size, int max_side) {
  const int side = std::max(size.width, size.height);
  if (side <= max_side) return size;
  const auto scaled = [&](int v) {
    return std::max(1, static_cast<int>((2 * int64_t{v} * max_side + side) / (2 * int64_t{side})));
  };
  return {scaled(size.width), scaled(size.height)};
}

}  // namespace impasto
