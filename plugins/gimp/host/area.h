// Rectangles of a drawable, and masks within them.
#pragma once

#include <cstdint>
#include <vector>

#include <gegl.h>

#include "host/host.h"

namespace impasto::gimp {

// What of its drawable a target is.
GeglRectangle AreaOf(const Target& target);
// A channel's values (0..255) within an area of its own; empty: 255 throughout.
std::vector<uint8_t> ReadMask(DrawableId channel, const GeglRectangle& area);

}  // namespace impasto::gimp
