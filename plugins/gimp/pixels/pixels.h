// Pixels between GEGL's buffers and the server. Both GIMPs use it; it knows no libgimp.
#pragma once

#include <string>
#include <vector>

#include <gegl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/picture.h"

namespace impasto::gimp {

// The layout in which pixels of a Babl format travel: 8 bits as they are; 16-bit integers as they are;
// everything else (32-bit integers, half, float, double) as floats. Grey beyond 16 bits travels as RGB(A)
// floats.
v1::PixelFormat TravelFormat(const Babl* format);
// Whether pixels of a Babl format hold linear light, rather than values as the eye counts.
bool IsLinear(const Babl* format);
// Whether they are grey.
bool IsGray(const Babl* format);
// The same components with the same meaning, as another type: "u8", "double".
const Babl* WithType(const Babl* format, const char* type);
// The Babl format of a layout, in the space and with the curve (linear or perceptual) of `like`. Grey that
// travels as floats has the primaries of sRGB: no RGB profile says what the grey of another would be.
const Babl* BablFormat(v1::PixelFormat format, const Babl* like);

// A copy of `area` (in the buffer's own coordinates), with `icc_profile` as what its values mean; empty:
// sRGB. INVALID_ARGUMENT, for people: an area under 2 pixels or of more than kMaxPictureBytes.
absl::StatusOr<v1::Picture> ReadPixels(GeglBuffer* buffer, const GeglRectangle& area,
                                       const std::string& icc_profile);

// Writes raw pixels of the server, of `area`'s size, to it: as values of the buffer's own space and curve.
// INTERNAL: not raw, or of another size.
absl::Status WritePixels(const ReceivedPicture& picture, GeglBuffer* buffer, const GeglRectangle& area);
// The same for values of any `space`, in its own curve; they are converted to the buffer's.
absl::Status WritePixels(const ReceivedPicture& picture, const Babl* space, GeglBuffer* buffer,
                         const GeglRectangle& area);

}  // namespace impasto::gimp
