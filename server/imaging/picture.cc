#include "imaging/picture.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/resample.h"
#include "base/size.h"
#include "base/status_macros.h"
#include "imaging/formats.h"
#include "imaging/state.h"

namespace impasto::imaging {
namespace {

// A grey raster fills all three planes.
void ReadRgbRow(const Raster& raster, int y, float* row) {
  ReadRow(raster, y, row);
  if (raster.channels == 1) {
    std::copy(row, row + raster.width, row + raster.width);
    std::copy(row, row + raster.width, row + 2 * int64_t{raster.width});
  }
}

absl::StatusOr<Image> Render(const Raster& color, int width, int height) {
  Image image{width, height, {}};
  try {
    image.rgb.resize(3 * image.pixels());
    Resample(
        color.width, color.height, 3, width, height, Filter::kLanczos,
        [&](int y, float* row) { ReadRgbRow(color, y, row); },
        [&](int y, const float* row) {
          for (int c = 0; c < 3; ++c) {
            float* out = image.rgb.data() + c * image.pixels() + static_cast<size_t>(y) * width;
            // Lanczos overshoots at hard edges; 0..255 is what the picture can hold.
            std::transform(row + int64_t{c} * width, row + int64_t{c + 1} * width, out,
                           [](float v) { return std::clamp(v, 0.0f, 255.0f); });
          }
        });
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat("not enough memory for ", width, " x ", height, " pixels"));
  }
  return image;
}

}  // namespace

int Picture::width() const { return state_->color.width; }
int Picture::height() const { return state_->color.height; }
bool Picture::has_alpha() const { return state_->alpha.has_value(); }
int Picture::bits() const { return state_->bits; }
bool Picture::is_gray() const { return state_->gray; }
Format Picture::format() const { return state_->format; }

absl::StatusOr<Image> Picture::Working(int max_size) const {
  if (max_size < 1) {
    return absl::InvalidArgumentError(absl::StrCat("max_size: ", max_size, " pixels; at least 1"));
  }
  const Size size = FitWithin({width(), height()}, max_size);
  return Render(state_->color, size.width, size.height);
}

absl::StatusOr<Image> Picture::Resized(int width, int height) const {
  Limits limits;
  limits.min_side = 1;
  IMPASTO_RETURN_IF_ERROR(CheckSize(width, height, limits));
  return Render(state_->color, width, height);
}

}  // namespace impasto::imaging
