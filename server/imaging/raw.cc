// Raw pixels to a Picture.
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "imaging/formats.h"
#include "imaging/state.h"
#include "imaging/vips_runtime.h"

namespace impasto::imaging {
namespace {

// Takes one row apart into its colours (RGB order) and its alpha (null: not wanted).
template <typename T>
void SplitRow(const char* in, int width, const PixelLayout& layout, T* color, T* alpha) {
  const int samples = layout.samples();
  for (int x = 0; x < width; ++x, in += samples * sizeof(T)) {
    T pixel[4];
    std::memcpy(pixel, in, samples * sizeof(T));  // the client's bytes may lie at any address
    for (int c = 0; c < layout.colors; ++c) {
      *color++ = pixel[layout.bgr ? 2 - c : c];
    }
    if (layout.alpha) {
      *alpha++ = pixel[layout.colors];
    }
  }
}

}  // namespace

absl::StatusOr<Size> Picture::RawSize(const RawPixels& raw, const Limits& limits) {
  if (raw.data.empty()) {
    return absl::InvalidArgumentError("the picture is empty (0 bytes)");
  }
  IMPASTO_RETURN_IF_ERROR(CheckSize(raw.width, raw.height, limits));
  const int64_t row_bytes = int64_t{raw.width} * BytesPerPixel(raw.format);
  const int64_t stride = raw.stride == 0 ? row_bytes : raw.stride;
  if (stride < row_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the stride is ", stride, " bytes; a row of ", raw.width, " pixels takes ", row_bytes));
  }
  const int64_t gaps = raw.height - 1;
  const bool overflow = gaps > 0 && stride > (std::numeric_limits<int64_t>::max() - row_bytes) / gaps;
  if (overflow || static_cast<uint64_t>(stride * gaps + row_bytes) > raw.data.size()) {
    const std::string needed = overflow ? "more than there can be" : absl::StrCat(stride * gaps + row_bytes);
    return absl::InvalidArgumentError(absl::StrCat("the picture has ", raw.data.size(), " bytes of pixels; ",
                                                   raw.height, " rows with a stride of ", stride,
                                                   " bytes take ", needed));
  }
  return Size{raw.width, raw.height};
}

absl::StatusOr<Picture> Picture::FromRaw(const RawPixels& raw, const Limits& limits) {
  IMPASTO_RETURN_IF_ERROR(CheckInitialized());
  IMPASTO_RETURN_IF_ERROR(RawSize(raw, limits).status());
  const int64_t row_bytes = int64_t{raw.width} * BytesPerPixel(raw.format);
  const int64_t stride = raw.stride == 0 ? row_bytes : raw.stride;
  const PixelLayout layout = LayoutOf(raw.format);
  auto state = std::make_shared<State>();
  state->format = Format::kRaw;
  state->bits = 8 * BytesPerSample(layout.depth);
  state->gray = layout.colors == 1;
  state->space = state->gray ? ColorSpace::kGray : ColorSpace::kRgb;
  state->icc_profile = std::string(raw.icc_profile);
  IMPASTO_ASSIGN_OR_RETURN(Raster pixels,
                           Raster::Allocate(raw.width, raw.height, layout.colors, layout.depth));
  if (layout.alpha) {
    IMPASTO_ASSIGN_OR_RETURN(state->alpha, Raster::Allocate(raw.width, raw.height, 1, layout.depth));
  }
  for (int y = 0; y < raw.height; ++y) {
    const char* in = raw.data.data() + stride * y;
    uint8_t* color = pixels.row(y);
    uint8_t* alpha = layout.alpha ? state->alpha->row(y) : nullptr;
    switch (layout.depth) {
      case Depth::k8:
        SplitRow(in, raw.width, layout, color, alpha);
        break;
      case Depth::k16:
        SplitRow(in, raw.width, layout, reinterpret_cast<uint16_t*>(color),
                 reinterpret_cast<uint16_t*>(alpha));
        break;
      case Depth::kFloat:
        SplitRow(in, raw.width, layout, reinterpret_cast<float*>(color), reinterpret_cast<float*>(alpha));
        break;
    }
  }
  IMPASTO_RETURN_IF_ERROR(SetColor(std::move(pixels), *state));
  return Picture(std::move(state));
}

}  // namespace impasto::imaging
