#include "imaging/state.h"

#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace impasto::imaging {
namespace {

// Colour conversion works on 8 and 16 bits.
absl::StatusOr<Raster> FloatTo16(const Raster& in) {
  IMPASTO_ASSIGN_OR_RETURN(Raster out, Raster::Allocate(in.width, in.height, in.channels, Depth::k16));
  std::vector<float> row(static_cast<size_t>(in.width) * in.channels);
  for (int y = 0; y < in.height; ++y) {
    ReadRow(in, y, row.data());
    WriteRow(row.data(), y, out);
  }
  return out;
}

}  // namespace

absl::Status SetColor(Raster pixels, Picture::State& state) {
  if (ProfileSpace(state.icc_profile) != state.space) {
    state.icc_profile.clear();
  }
  const bool cmyk = state.space == ColorSpace::kCmyk;
  if (!state.icc_profile.empty() && !cmyk && IsSrgb(state.icc_profile, state.space)) {
    state.color = std::move(pixels);
    return absl::OkStatus();
  }
  if (state.icc_profile.empty() && !cmyk) {
    state.color = std::move(pixels);
    return absl::OkStatus();
  }
  if (pixels.depth == Depth::kFloat) {
    IMPASTO_ASSIGN_OR_RETURN(pixels, FloatTo16(pixels));
  }
  absl::StatusOr<Raster> srgb = ToSrgb(pixels, state.space, state.icc_profile);
  if (!srgb.ok() && !state.icc_profile.empty()) {
    state.icc_profile.clear();
    if (!cmyk) {
      state.color = std::move(pixels);
      return absl::OkStatus();
    }
    srgb = ToSrgb(pixels, state.space, "");
  }
  IMPASTO_RETURN_IF_ERROR(srgb.status());
  state.color = *std::move(srgb);
  state.converted = true;
  return absl::OkStatus();
}

}  // namespace impasto::imaging
