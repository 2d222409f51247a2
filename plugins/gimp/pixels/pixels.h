// Pixels between GEGL's buffers and the server. Both GIMPs use it; it knows no libgimp.
#pragma once

#include <string>
#include <vector>

#include <gegl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/picture.h"

namespace impasto::gimp {

// The layout in which pixels of a Babl format travel: 8 bits as they are; 16-bit integers as they are; everything
// else (32-bit integers, half, float, double) as floats. Grey beyond 16 bits travels as RGB(A) floats.
v1::PixelFormat TravelFormat(const Babl* format);
// The Babl format of a layout, in the space and with the curve (linear or perceptual) of `like`.
const Babl* BablFormat(v1::PixelFormat format, const Babl* like);

// A copy of `area` (in the buffer's own coordinates), with `icc_profile` as what its values mean; empty: sRGB.
// INVALID_ARGUMENT, for people: an area under 2 pixels or of more than kMaxPictureBytes.
absl::StatusOr<v1::Picture> ReadPixels(GeglBuffer* buffer, const GeglRectangle& area,
                                       const std::string& icc_profile);

// Writes raw pixels of the server (`size` x, its header) to `area`. INTERNAL: not raw, or of another size.
absl::Status WritePixels(const ReceivedPicture& picture, GeglBuffer* buffer, const GeglRectangle& area);

}  // namespace impasto::gimp
