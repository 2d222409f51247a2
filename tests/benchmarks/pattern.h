// Pictures for timing: the speed doesn't depend on what is in them.
#pragma once

#include <cstdint>

#include "base/image.h"

namespace impasto::bench {

inline Image Pattern(int width, int height, uint32_t seed) {
  Image image{.width = width, .height = height};
  image.rgb.resize(3 * image.pixels());
  for (float& value : image.rgb) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 24);
  }
  return image;
}

}  // namespace impasto::bench
