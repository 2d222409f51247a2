// The way back: float sRGB to file bytes or raw pixels, with what the original had.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vips/vips8>

#include "absl/strings/str_cat.h"
#include "base/resample.h"
#include "base/size.h"
#include "base/status_macros.h"
#include "imaging/formats.h"
#include "imaging/state.h"
#include "imaging/vips_image.h"
#include "imaging/vips_runtime.h"

namespace impasto::imaging {

using vips::VImage;

// What the result looks like, decided before a pixel is touched.
struct Plan {
  Size size;
  bool gray = false;
  bool alpha = false;
  Depth depth = Depth::k8;
  std::string profile;   // embedded, or named beside raw pixels; empty: plain sRGB
  bool convert = false;  // the pixels have to be brought into `profile`
};

// A friend of Picture: reads what it keeps of the original.
struct Encoder {
  static const Picture::State* StateOf(const Picture* picture) {
    return picture == nullptr ? nullptr : picture->state_.get();
  }
};

namespace {

constexpr int kMaxJpegSide = 65'535;
constexpr int kMaxWebpSide = 16'383;

absl::Status Validate(const Image& image, const EncodeOptions& options) {
  if (image.width < 1 || image.height < 1 || image.rgb.size() != 3 * image.pixels()) {
    return absl::InvalidArgumentError(absl::StrCat("an image of ", image.width, " x ", image.height,
                                                   " pixels with ", image.rgb.size(),
                                                   " values can't be encoded"));
  }
  if (options.quality < 1 || options.quality > 100) {
    return absl::InvalidArgumentError(absl::StrCat("quality: ", options.quality, "; 1 to 100"));
  }
  if (options.max_size < 0) {
    return absl::InvalidArgumentError(absl::StrCat("max_size: ", options.max_size, " pixels; 0 or more"));
  }
  if (options.original_size && options.original == nullptr) {
    return absl::InvalidArgumentError("original_size: there is no original picture");
  }
  return absl::OkStatus();
}

absl::Status CheckSide(Size size, Format format) {
  const int most = format == Format::kJpeg ? kMaxJpegSide : format == Format::kWebp ? kMaxWebpSide : 0;
  if (most > 0 && std::max(size.width, size.height) > most) {
    return absl::InvalidArgumentError(absl::StrCat("the result is ", size.width, " x ", size.height,
                                                   " pixels; ", FormatName(format), " holds at most ", most,
                                                   " on a side"));
  }
  return absl::OkStatus();
}

// True when no pixel would show a colour after rounding to 8 bits.
bool HasNoColor(const Image& image) {
  const float* r = image.rgb.data();
  const float* g = r + image.pixels();
  const float* b = g + image.pixels();
  for (size_t i = 0; i < image.pixels(); ++i) {
    if (std::max({r[i], g[i], b[i]}) - std::min({r[i], g[i], b[i]}) >= 0.5f) {
      return false;
    }
  }
  return true;
}

Plan MakePlan(const Image& image, const EncodeOptions& options, const Picture::State* original) {
  Plan plan;
  plan.size = options.original_size ? Size{original->color.width, original->color.height}
                                    : Size{image.width, image.height};
  if (options.max_size > 0) {
    plan.size = FitWithin(plan.size, options.max_size);
  }
  if (options.format == Format::kRaw) {
    const PixelLayout layout = LayoutOf(options.raw_format);
    plan.gray = layout.colors == 1;
    plan.alpha = layout.alpha;
    plan.depth = layout.depth;
  } else if (original != nullptr) {
    plan.gray = original->gray && HasNoColor(image);
    plan.alpha = original->alpha.has_value() && options.format != Format::kJpeg;
    const bool deep = options.format == Format::kPng || options.format == Format::kTiff;
    plan.depth = deep && original->bits > 8 ? Depth::k16 : Depth::k8;
  }
  if (original == nullptr || (original->icc_profile.empty() && original->space != ColorSpace::kCmyk)) {
    return plan;
  }
  if (original->space == (plan.gray ? ColorSpace::kGray : ColorSpace::kRgb) &&
      (!original->converted || CanConvertFromSrgb(original->icc_profile))) {
    plan.profile = original->icc_profile;
    plan.convert = original->converted;
  } else if (options.format != Format::kRaw && !plan.gray) {
    // The file had a profile, so its user cares: say what the colours now are.
    plan.profile = SrgbProfile();
  }
  return plan;
}

// The image at the plan's size, in sRGB, quantised to `depth`; grey has 1 channel.
absl::StatusOr<Raster> Quantize(const Image& image, const Plan& plan, Depth depth) {
  const int channels = plan.gray ? 1 : 3;
  IMPASTO_ASSIGN_OR_RETURN(Raster raster,
                           Raster::Allocate(plan.size.width, plan.size.height, channels, depth));
  const auto read = [&](int y, float* row) {
    const float* planes[3];
    for (int c = 0; c < 3; ++c) {
      planes[c] = image.rgb.data() + c * image.pixels() + static_cast<size_t>(y) * image.width;
    }
    if (plan.gray) {
      for (int x = 0; x < image.width; ++x) {  // Rec. 709 luma
        row[x] = 0.2126f * planes[0][x] + 0.7152f * planes[1][x] + 0.0722f * planes[2][x];
      }
      return;
    }
    for (int c = 0; c < 3; ++c) {
      std::copy(planes[c], planes[c] + image.width, row + int64_t{c} * image.width);
    }
  };
  IMPASTO_RETURN_IF_ERROR(Guarded("", [&] {
    Resample(image.width, image.height, channels, plan.size.width, plan.size.height, Filter::kLanczos, read,
             [&](int y, const float* row) { WriteRow(row, y, raster); });
  }));
  return raster;
}

absl::StatusOr<Raster> ToDepth(Raster raster, Depth depth) {
  if (raster.depth == depth) {
    return raster;
  }
  IMPASTO_ASSIGN_OR_RETURN(Raster out, Raster::Allocate(raster.width, raster.height, raster.channels, depth));
  std::vector<float> row(static_cast<size_t>(raster.width) * raster.channels);
  for (int y = 0; y < raster.height; ++y) {
    ReadRow(raster, y, row.data());
    WriteRow(row.data(), y, out);
  }
  return out;
}

absl::StatusOr<Raster> Colors(const Image& image, const Plan& plan) {
  if (!plan.convert) {
    return Quantize(image, plan, plan.depth);
  }
  Plan rgb = plan;
  rgb.gray = false;  // the way to any profile, grey ones too, starts from RGB
  IMPASTO_ASSIGN_OR_RETURN(Raster srgb, Quantize(image, rgb, Depth::k16));
  IMPASTO_ASSIGN_OR_RETURN(Raster converted,
                           FromSrgb(srgb, plan.profile, plan.depth == Depth::k8 ? Depth::k8 : Depth::k16));
  return ToDepth(std::move(converted), plan.depth);
}

// The original's alpha at the plan's size; bit-exact where size and depth are the original's.
absl::StatusOr<Raster> Alpha(const Raster& alpha, const Plan& plan) {
  IMPASTO_ASSIGN_OR_RETURN(Raster out, Raster::Allocate(plan.size.width, plan.size.height, 1, plan.depth));
  IMPASTO_RETURN_IF_ERROR(Guarded("", [&] {
    Resample(
        alpha.width, alpha.height, 1, plan.size.width, plan.size.height, Filter::kLanczos,
        [&](int y, float* row) { ReadRow(alpha, y, row); },
        [&](int y, const float* row) { WriteRow(row, y, out); });
  }));
  return out;
}

// Puts colours (RGB order) and alpha (null: opaque, where the layout has it) together.
template <typename T>
void JoinRow(const uint8_t* color_row, const uint8_t* alpha_row, int width, const PixelLayout& layout,
             T opaque, char* out) {
  const T* color = reinterpret_cast<const T*>(color_row);
  const T* alpha = reinterpret_cast<const T*>(alpha_row);
  const int samples = layout.samples();
  for (int x = 0; x < width; ++x, out += samples * sizeof(T)) {
    T pixel[4];
    for (int c = 0; c < layout.colors; ++c) {
      pixel[layout.bgr ? 2 - c : c] = *color++;
    }
    if (layout.alpha) {
      pixel[layout.colors] = alpha == nullptr ? opaque : *alpha++;
    }
    std::memcpy(out, pixel, samples * sizeof(T));
  }
}

void PackRaw(const Raster& color, const Raster* alpha, PixelFormat format, Encoded& result) {
  const PixelLayout layout = LayoutOf(format);
  result.pixel_format = format;
  result.stride = int64_t{color.width} * BytesPerPixel(format);
  result.data.resize(result.stride * color.height);
  for (int y = 0; y < color.height; ++y) {
    char* out = result.data.data() + result.stride * y;
    const uint8_t* alpha_row = alpha == nullptr ? nullptr : alpha->row(y);
    switch (layout.depth) {
      case Depth::k8:
        JoinRow<uint8_t>(color.row(y), alpha_row, color.width, layout, 255, out);
        break;
      case Depth::k16:
        JoinRow<uint16_t>(color.row(y), alpha_row, color.width, layout, 65535, out);
        break;
      case Depth::kFloat:
        JoinRow<float>(color.row(y), alpha_row, color.width, layout, 1.0f, out);
        break;
    }
  }
}

VipsBlob* Save(const VImage& image, const EncodeOptions& options) {
  switch (options.format) {
    case Format::kPng:
      // Half the time of libvips' own choice for photographs, and no larger.
      return image.pngsave_buffer(
          VImage::option()->set("compression", 3)->set("filter", VIPS_FOREIGN_PNG_FILTER_PAETH));
    case Format::kJpeg:
      return image.jpegsave_buffer(VImage::option()->set("Q", options.quality)->set("optimize_coding", true));
    case Format::kWebp:
      return image.webpsave_buffer(VImage::option()->set("Q", options.quality));
    default:
      return image.tiffsave_buffer(VImage::option()
                                       ->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW)
                                       ->set("predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL));
  }
}

absl::Status SaveFile(const Raster& color, const Raster* alpha, const Plan& plan,
                      const EncodeOptions& options, const Picture::State* original, std::string& data) {
  return Guarded(absl::StrCat("the result can't be written as ", FormatName(options.format)), [&] {
    VImage image = View(color, InterpretationOf(color));
    if (alpha != nullptr) {
      image = image.bandjoin(View(*alpha, InterpretationOf(*alpha)));
    }
    const bool known = original != nullptr && original->x_resolution > 0;
    constexpr double kScreen = 72 / 25.4;  // what a file says that says nothing: 72 dpi
    image = image.copy(VImage::option()
                           ->set("interpretation", InterpretationOf(color))
                           ->set("xres", known ? original->x_resolution : kScreen)
                           ->set("yres", known ? original->y_resolution : kScreen));
    if (!plan.profile.empty()) {
      AttachProfile(image, plan.profile);
    }
    const std::unique_ptr<VipsBlob, void (*)(VipsBlob*)> blob(
        Save(image, options), [](VipsBlob* b) { vips_area_unref(VIPS_AREA(b)); });
    size_t size = 0;
    const void* bytes = vips_blob_get(blob.get(), &size);
    data.assign(static_cast<const char*>(bytes), size);
  });
}

}  // namespace

absl::StatusOr<Encoded> Encode(const Image& image, const EncodeOptions& options) {
  IMPASTO_RETURN_IF_ERROR(CheckInitialized());
  IMPASTO_RETURN_IF_ERROR(Validate(image, options));
  const Picture::State* original = Encoder::StateOf(options.original);
  const Plan plan = MakePlan(image, options, original);
  IMPASTO_RETURN_IF_ERROR(CheckSide(plan.size, options.format));
  IMPASTO_ASSIGN_OR_RETURN(const Raster color, Colors(image, plan));
  std::optional<Raster> alpha;
  if (plan.alpha && original != nullptr && original->alpha.has_value()) {
    IMPASTO_ASSIGN_OR_RETURN(alpha, Alpha(*original->alpha, plan));
  }
  const Raster* alpha_raster = alpha.has_value() ? &*alpha : nullptr;

  Encoded result;
  result.format = options.format;
  result.width = plan.size.width;
  result.height = plan.size.height;
  if (options.format == Format::kRaw) {
    IMPASTO_RETURN_IF_ERROR(Guarded("", [&] { PackRaw(color, alpha_raster, options.raw_format, result); }));
    result.icc_profile = plan.profile;
  } else {
    IMPASTO_RETURN_IF_ERROR(SaveFile(color, alpha_raster, plan, options, original, result.data));
  }
  return result;
}

}  // namespace impasto::imaging
