// ICC profiles: to sRGB and back.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "imaging/raster.h"

namespace impasto::imaging {

enum class ColorSpace { kUnknown, kGray, kRgb, kCmyk };

// From the profile's header; kUnknown: no ICC profile, cut off, or of a space that we don't read (Lab, named
// colours).
ColorSpace ProfileSpace(std::string_view profile);

// Pixels of `space` to 3-channel sRGB of 16 bits: relative colorimetric with black point compensation, which
// is what image editors start with. An empty profile: libvips' sRGB or CMYK profile. `pixels`: 8 or 16 bits.
// INVALID_ARGUMENT: the profile can't be used for these pixels.
absl::StatusOr<Raster> ToSrgb(const Raster& pixels, ColorSpace space, const std::string& profile);

// The inverse: `srgb` has 3 channels of 16 bits, the result 1 (a grey profile) or 3, of `depth` 8 or 16 bits.
// INVALID_ARGUMENT: the profile has no way from sRGB back to its own space (scanners' profiles often don't).
absl::StatusOr<Raster> FromSrgb(const Raster& srgb, const std::string& profile, Depth depth);

// True when FromSrgb() works with the profile.
bool CanConvertFromSrgb(const std::string& profile);

// True when the profile moves no colour by more than 2/255: one of the many that call themselves sRGB and
// differ in how they round its curve (a gamma of 2.2 is 8/255 away). Their pixels are best left alone.
// `space`: kGray or kRgb.
bool IsSrgb(const std::string& profile, ColorSpace space);

// The standard sRGB profile, to be embedded.
std::string SrgbProfile();

}  // namespace impasto::imaging
