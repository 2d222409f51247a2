// Encoded bytes to a Picture.
#include <cstring>
#include <utility>
#include <vips/vips8>

#include "absl/strings/str_cat.h"
#include "base/size.h"
#include "base/status_macros.h"
#include "imaging/formats.h"
#include "imaging/state.h"
#include "imaging/vips_image.h"
#include "imaging/vips_runtime.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

constexpr int kMaxJpegScans = 100;

// Reads the header only; pixels are decoded when they are asked for. `encoded` must outlive the image.
VImage Open(std::string_view encoded, Format format) {
  // kError covers truncation too: half a picture is none.
  vips::VOption* options =
      VImage::option()->set("access", VIPS_ACCESS_SEQUENTIAL)->set("fail_on", VIPS_FAIL_ON_ERROR);
  VipsBlob* blob = vips_blob_new(nullptr, encoded.data(), encoded.size());
  // Unrefs the blob when the loader has its own reference, or has thrown.
  std::unique_ptr<VipsBlob, void (*)(VipsBlob*)> owner(blob,
                                                       [](VipsBlob* b) { vips_area_unref(VIPS_AREA(b)); });
  switch (format) {
    case Format::kPng:
      return VImage::pngload_buffer(blob, options);
    case Format::kJpeg:
      return VImage::jpegload_buffer(blob, options);
    case Format::kWebp:
      return VImage::webpload_buffer(blob, options);
    default:
      return VImage::tiffload_buffer(blob, options);
  }
}

// How the bands of a loaded image are to be read.
struct Bands {
  ColorSpace space = ColorSpace::kUnknown;
  int colors = 0;
  bool alpha = false;
};

absl::StatusOr<Bands> ClassifyBands(const VImage& image, const std::string& format) {
  switch (image.format()) {
    case VIPS_FORMAT_UCHAR:
    case VIPS_FORMAT_USHORT:
    case VIPS_FORMAT_FLOAT:
      break;
    default:
      return absl::InvalidArgumentError(absl::StrCat("the ", format,
                                                     " file has samples of another kind than 8 or 16 bits "
                                                     "without sign, or 32-bit float"));
  }
  Bands bands;
  switch (image.interpretation()) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
      bands = {ColorSpace::kGray, 1};
      break;
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_RGB16:
    case VIPS_INTERPRETATION_scRGB:
      bands = {ColorSpace::kRgb, 3};
      break;
    case VIPS_INTERPRETATION_CMYK:
      bands = {ColorSpace::kCmyk, 4};
      break;
    case VIPS_INTERPRETATION_MULTIBAND:  // libvips' word for a TIFF with channels beside colour and alpha
      bands = image.bands() >= 3 ? Bands{ColorSpace::kRgb, 3} : Bands{ColorSpace::kGray, 1};
      break;
    default:
      break;
  }
  if (bands.colors == 0 || image.bands() < bands.colors) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ", format, " file has ", image.bands(),
                     " channels of a colour space other than grey, RGB and CMYK"));
  }
  bands.alpha = image.bands() > bands.colors;  // spot channels behind it are left out
  return bands;
}

std::string EmbeddedProfile(const VImage& image) {
  if (image.get_typeof(VIPS_META_ICC_NAME) == 0) {
    return "";
  }
  size_t size = 0;
  const void* data = image.get_blob(VIPS_META_ICC_NAME, &size);
  return std::string(static_cast<const char*>(data), size);
}

// Float files without a profile hold linear light, 0..1.
void EncodeGamma(Raster& raster) {
  float* values = reinterpret_cast<float*>(raster.row(0));
  const int64_t count = raster.bytes() / 4;
  for (int64_t i = 0; i < count; ++i) {
    const float v = values[i];
    values[i] = v <= 0.0031308f ? v * 12.92f : 1.055f * std::pow(v, 1 / 2.4f) - 0.055f;
  }
}

// EXIF's orientation 5 to 8 lie on their side.
bool IsOnItsSide(const VImage& image) {
  return image.get_typeof(VIPS_META_ORIENTATION) != 0 && image.get_int(VIPS_META_ORIENTATION) >= 5 &&
         image.get_int(VIPS_META_ORIENTATION) <= 8;
}

// A file whose header has been read and checked.
struct OpenFile {
  Format format = Format::kPng;
  VImage image;
  bool on_its_side = false;
  Size size;  // upright
  Bands bands;
};

absl::StatusOr<OpenFile> OpenChecked(std::string_view encoded, const Limits& limits) {
  IMPASTO_RETURN_IF_ERROR(CheckInitialized());
  if (encoded.empty()) {
    return absl::InvalidArgumentError("the picture is empty (0 bytes)");
  }
  const std::optional<Format> format = SniffFormat(encoded);
  if (!format.has_value()) {
    return absl::InvalidArgumentError("not a PNG, JPEG, WebP or TIFF file");
  }
  const std::string name = FormatName(*format);
  if (*format == Format::kJpeg && JpegHasMoreScansThan(encoded, kMaxJpegScans)) {
    return absl::InvalidArgumentError(absl::StrCat("the JPEG file has more than ", kMaxJpegScans, " scans"));
  }
  if (*format == Format::kTiff && TiffHasValuesOutside(encoded)) {
    return absl::InvalidArgumentError("the TIFF file is damaged or cut off");
  }

  OpenFile file;
  file.format = *format;
  IMPASTO_RETURN_IF_ERROR(
      Guarded(absl::StrCat("the ", name, " file is damaged or cut off: its header can't be read"), [&] {
        file.image = Open(encoded, *format);
        file.on_its_side = IsOnItsSide(file.image);
      }));
  file.size = {file.image.width(), file.image.height()};
  if (file.on_its_side) std::swap(file.size.width, file.size.height);
  IMPASTO_RETURN_IF_ERROR(CheckSize(file.size.width, file.size.height, limits));
  IMPASTO_ASSIGN_OR_RETURN(file.bands, ClassifyBands(file.image, name));
  return file;
}

}  // namespace

absl::StatusOr<Size> Picture::DecodedSize(std::string_view encoded, const Limits& limits) {
  IMPASTO_ASSIGN_OR_RETURN(const OpenFile file, OpenChecked(encoded, limits));
  return file.size;
}

absl::StatusOr<Picture> Picture::Decode(std::string_view encoded, const Limits& limits) {
  IMPASTO_ASSIGN_OR_RETURN(OpenFile file, OpenChecked(encoded, limits));
  VImage& image = file.image;
  const Bands& bands = file.bands;
  const std::string name = FormatName(file.format);

  auto state = std::make_shared<State>();
  state->format = file.format;
  state->gray = bands.space == ColorSpace::kGray;
  state->space = bands.space;
  state->bits = image.format() == VIPS_FORMAT_UCHAR ? 8 : image.format() == VIPS_FORMAT_FLOAT ? 32 : 16;
  Raster pixels;
  IMPASTO_RETURN_IF_ERROR(Guarded(absl::StrCat("the ", name, " file is damaged or cut off"), [&] {
    state->icc_profile = EmbeddedProfile(image);
    // 1 pixel per mm is what libvips says when the file doesn't.
    if (image.xres() > 0 && image.yres() > 0 && (image.xres() != 1.0 || image.yres() != 1.0)) {
      state->x_resolution = file.on_its_side ? image.yres() : image.xres();
      state->y_resolution = file.on_its_side ? image.xres() : image.yres();
    }
    // One thread alone: libvips up to 8.14 can lose the error of a worker that ends after the others, and
    // then half a picture passes for a whole one. A decoder goes from row to row anyway. In memory, because
    // turning needs rows in any order.
    image = image.copy();
    image.set(VIPS_META_CONCURRENCY, 1);
    image = image.copy_memory().autorot();
    if (bands.alpha) {
      state->alpha = Compute(image.extract_band(bands.colors));
    }
    if (image.bands() > bands.colors) {
      image = image.extract_band(0, VImage::option()->set("n", bands.colors));
    }
    pixels = Compute(image);
  }));
  image = VImage();
  if (pixels.depth == Depth::kFloat && state->icc_profile.empty()) {
    EncodeGamma(pixels);
  }
  IMPASTO_RETURN_IF_ERROR(SetColor(std::move(pixels), *state));
  return Picture(std::move(state));
}

}  // namespace impasto::imaging
