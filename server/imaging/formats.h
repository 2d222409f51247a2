// The file formats and raw pixel layouts, as facts.
#pragma once

#include <optional>
#include <string_view>

#include "imaging/picture.h"
#include "imaging/raster.h"

namespace impasto::imaging {

// By the first bytes; nullopt: none of the four.
std::optional<Format> SniffFormat(std::string_view encoded);

// "PNG", "JPEG", "WebP", "TIFF", "raw".
const char* FormatName(Format format);

// How the samples of one raw pixel lie.
struct PixelLayout {
  int colors;  // 1 or 3
  bool alpha;  // last sample
  bool bgr;    // blue first
  Depth depth;
  int samples() const { return colors + (alpha ? 1 : 0); }
};
PixelLayout LayoutOf(PixelFormat format);

// INVALID_ARGUMENT when the limits don't hold; `width` and `height` are what the header says.
absl::Status CheckSize(int64_t width, int64_t height, const Limits& limits);

// A baseline JPEG has one scan, a progressive one some ten. Each scan costs a pass over the whole picture for
// a few bytes of file, so a crafted file with many keeps a processor busy for hours. True when there are more
// than `limit`.
bool JpegHasMoreScansThan(std::string_view encoded, int limit);

// libtiff reads a file whose last bytes are missing without a word if only tags lie there, the colour profile
// for one. True when a value of the first page's directory lies outside the file. False where the directory
// itself can't be read: libtiff says so.
bool TiffHasValuesOutside(std::string_view encoded);

}  // namespace impasto::imaging
