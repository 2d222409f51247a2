// What a Picture holds, and the steps that both ways into one (a file, raw pixels) share.
#pragma once

#include <optional>
#include <string>

#include "imaging/picture.h"
#include "imaging/profile.h"
#include "imaging/raster.h"

namespace impasto::imaging {

struct Picture::State {
  Format format = Format::kPng;
  int bits = 8;
  bool gray = false;
  Raster color;                 // sRGB; 1 channel (grey) or 3. 16 bits deep where a conversion made it
  std::optional<Raster> alpha;  // 1 channel, in the original's depth
  ColorSpace space = ColorSpace::kRgb;  // the original's
  // The original's profile. Empty: it had none, or one that can't be read; its pixels were taken for sRGB
  // then.
  std::string icc_profile;
  bool converted = false;   // `color` differs from the original's pixels
  double x_resolution = 0;  // pixels per mm; 0: unknown
  double y_resolution = 0;
};

// Takes the pixels in over `state.color`, converted to sRGB: by state.icc_profile if it can be used, else
// (and the profile is cleared) as sRGB, or for CMYK by libvips' own CMYK profile. Reads state.space,
// state.icc_profile.
absl::Status SetColor(Raster pixels, Picture::State& state);

}  // namespace impasto::imaging
