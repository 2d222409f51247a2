// A picture's size.
#pragma once

namespace impasto {

// Pixels.
struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

// Scaled down so that the long side is at most `max_side`, sides rounded to nearest and at least 1; a size
// within it is kept.
Size FitWithin(Size size, int max_side);

}  // namespace impasto
