// The one picture type that crosses the borders between imaging, engine and app.
#pragma once

#include <cstddef>
#include <vector>

namespace impasto {

// sRGB, float, 0..255, planar: all of R, then all of G, then all of B; rows from the top, no padding.
// 8-bit sources hold exact integers; 16-bit sources hold value / 257.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<float> rgb;  // 3 * height * width

  size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};

}  // namespace impasto
