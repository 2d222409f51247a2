// Between Raster and libvips' images.
#pragma once

#include <string_view>
#include <vips/vips8>

#include "imaging/raster.h"

namespace impasto::imaging {

// A view: `raster` must outlive it and everything made from it. Throws vips::VError.
vips::VImage View(const Raster& raster, VipsInterpretation interpretation);

// Computes the image. It must have samples of uchar, ushort or float. Throws vips::VError.
Raster Compute(const vips::VImage& image);

// Grey for 1 and 2 channels, RGB for 3 and 4, of 8 or 16 bits.
VipsInterpretation InterpretationOf(const Raster& raster);

// Changes `image` itself: it must be a copy() that nobody else has.
void AttachProfile(const vips::VImage& image, std::string_view profile);

}  // namespace impasto::imaging
