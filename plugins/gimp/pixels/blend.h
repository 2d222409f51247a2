// What becomes of painted pixels: by a mask, with the alpha of what was there.
#pragma once

#include <cstdint>
#include <vector>

#include <gegl.h>

#include "absl/status/status.h"
#include "impasto/picture.h"

namespace impasto::gimp {

// A new buffer of `original`'s format with `area`'s size, from (0, 0) on: the picture where `mask` is 255,
// what `original` has there where it is 0, in between mask / 255 of the picture and the rest of the original,
// in the original's own values. Alpha is the original's throughout. What the mask or alpha keeps, it keeps
// bit for bit. `mask`: area.width x area.height; empty: 255 throughout. INTERNAL: the picture isn't raw, or
// of another size.
absl::StatusOr<GeglBuffer*> Blend(GeglBuffer* original, const GeglRectangle& area,
                                  const ReceivedPicture& picture, const std::vector<uint8_t>& mask);

// Copies `from`, from (0, 0) on, to `area`. Both have the same format: bit for bit.
void CopyPixels(GeglBuffer* from, GeglBuffer* to, const GeglRectangle& area);

}  // namespace impasto::gimp
