// Foreign picture bytes in, a working picture out, and the way back. The only user of libvips.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/image.h"
#include "base/size.h"

namespace impasto::imaging {

// Once per process, before anything else here (FAILED_PRECONDITION otherwise). Opens libvips' loaders for the
// four formats below and blocks all others. `threads`, at least 1: of each libvips operation. A later call
// only changes `threads`.
absl::Status Init(int threads);

enum class Format { kPng, kJpeg, kWebp, kTiff, kRaw };

// Layouts of raw pixels, channels interleaved; 16-bit and float samples in the machine's byte order.
enum class PixelFormat {
  kGray8,
  kGrayAlpha8,
  kRgb8,
  kRgba8,
  kBgr8,
  kBgra8,
  kGray16,
  kGrayAlpha16,
  kRgb16,
  kRgba16,
  kBgra16,
  kRgbFloat,
  kRgbaFloat,  // 0..1
};
int BytesPerPixel(PixelFormat format);

struct RawPixels {
  PixelFormat format = PixelFormat::kRgb8;
  int width = 0;
  int height = 0;
  int64_t stride = 0;  // bytes from one row to the next; 0: width * bytes per pixel
  std::string_view data;
  std::string_view icc_profile;  // empty: sRGB
};

// Checked on the header, before any pixel is decoded.
struct Limits {
  int64_t max_pixels = 100'000'000;  // 100 megapixels: 1.2 GB as float RGB, the most a studio's camera makes
  int max_side = 30'000;
  int min_side = 2;  // a 1-pixel picture has nothing to paint
};

// A decoded picture, upright (EXIF orientation applied), with what is needed to put a result back: size,
// alpha, profile, depth. Immutable; thread-safe.
class Picture {
 public:
  // PNG, JPEG, WebP or TIFF, told apart by their first bytes: 8 or 16 bits, 32-bit float TIFF (linear light
  // 0..1 unless it has a profile), grey, RGB, CMYK, palette, with or without alpha and profile. The first
  // page of several. A profile that is broken or for other pixels is ignored. Turned upright, converted to
  // sRGB. INVALID_ARGUMENT: empty, no picture, cut off, of another format, too large or too small (naming the
  // limit).
  static absl::StatusOr<Picture> Decode(std::string_view encoded, const Limits& limits);
  // Copies the pixels. INVALID_ARGUMENT: empty, outside the limits, a stride below a row's bytes, fewer bytes
  // than the rows take. Float values are kept within 0..1, NaN is 0.
  static absl::StatusOr<Picture> FromRaw(const RawPixels& raw, const Limits& limits);
  // The size that Decode gives a picture, from its header alone, and FromRaw from the layout: quick, and no
  // promise that the pixels can be read. Errors as theirs, as far as they show there.
  static absl::StatusOr<Size> DecodedSize(std::string_view encoded, const Limits& limits);
  static absl::StatusOr<Size> RawSize(const RawPixels& raw, const Limits& limits);
  // A header's worth: width, height after orientation, and the format.
  int width() const;
  int height() const;
  bool has_alpha() const;
  int bits() const;  // 8, 16 or 32 (float)
  bool is_gray() const;
  Format format() const;

  // sRGB, scaled (Lanczos, on the gamma-coded values as image editors do) so that the long side is at most
  // max_size (1 or more) and the other keeps the aspect, rounded, at least 1: FitWithin of base/size.h. A
  // picture within max_size is not resampled: 8-bit samples come as exact integers, 16-bit ones as value /
  // 257. Alpha is not premultiplied into it: colour under transparency is kept.
  absl::StatusOr<Image> Working(int max_size) const;
  // As Working, but to exactly this size, smaller or larger. Sides from 1 up to the default Limits.
  absl::StatusOr<Image> Resized(int width, int height) const;

  struct State;

 private:
  explicit Picture(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
  friend struct Encoder;
};

struct EncodeOptions {
  Format format = Format::kPng;
  PixelFormat raw_format = PixelFormat::kRgb8;  // for kRaw
  int quality = 92;                             // JPEG and WebP, 1..100
  // Long side of the encoded picture where it is smaller than the image's; 0: as it is. For previews.
  int max_size = 0;
  // The picture whose size (where original_size), alpha, profile, depth and resolution are put back; null:
  // plain 8-bit sRGB.
  const Picture* original = nullptr;
  bool original_size = false;
};

struct Encoded {
  std::string data;
  Format format = Format::kPng;
  PixelFormat pixel_format = PixelFormat::kRgb8;  // kRaw
  int width = 0;
  int height = 0;
  int64_t stride = 0;       // kRaw, bytes
  std::string icc_profile;  // kRaw: the profile that the pixels are in, the original's; empty: sRGB
};

// Float sRGB to file bytes or raw pixels. Values are rounded to nearest, then clamped.
// Of the original come back:
// - alpha, bit for bit at its own size and depth (opaque where raw pixels want one and the original has
// none); JPEG drops it.
// - the profile, with the pixels converted into it. One that works in a single direction gives way to sRGB;
// so does CMYK.
// - 16 bits in PNG and TIFF (also for float originals); JPEG and WebP have 8. Raw pixels have raw_format's
// depth.
// - grey, where the image has no colour; a coloured result of a grey original stays coloured, in sRGB.
// The orientation is not written: the picture is upright.
// INVALID_ARGUMENT: an option out of range, an image without pixels, a side that the format can't hold.
// Thread-safe.
absl::StatusOr<Encoded> Encode(const Image& image, const EncodeOptions& options);

}  // namespace impasto::imaging
