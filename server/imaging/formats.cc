#include "imaging/formats.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace impasto::imaging {

using std::string_view_literals::operator""sv;  // NOLINT(misc-unused-using-decls): literals use it

std::optional<Format> SniffFormat(std::string_view encoded) {
  if (encoded.starts_with("\x89PNG\r\n\x1a\n"sv)) {
    return Format::kPng;
  }
  if (encoded.starts_with("\xff\xd8\xff"sv)) {
    return Format::kJpeg;
  }
  if (encoded.starts_with("RIFF"sv) && encoded.size() >= 12 && encoded.substr(8, 4) == "WEBP"sv) {
    return Format::kWebp;
  }
  for (std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {  // + is BigTIFF
    if (encoded.starts_with(magic)) {
      return Format::kTiff;
    }
  }
  return std::nullopt;
}

const char* FormatName(Format format) {
  switch (format) {
    case Format::kPng:
      return "PNG";
    case Format::kJpeg:
      return "JPEG";
    case Format::kWebp:
      return "WebP";
    case Format::kTiff:
      return "TIFF";
    case Format::kRaw:
      break;
  }
  return "raw";
}

PixelLayout LayoutOf(PixelFormat format) {
  switch (format) {
    case PixelFormat::kGray8:
      return {1, false, false, Depth::k8};
    case PixelFormat::kGrayAlpha8:
      return {1, true, false, Depth::k8};
    case PixelFormat::kRgb8:
      return {3, false, false, Depth::k8};
    case PixelFormat::kRgba8:
      return {3, true, false, Depth::k8};
    case PixelFormat::kBgr8:
      return {3, false, true, Depth::k8};
    case PixelFormat::kBgra8:
      return {3, true, true, Depth::k8};
    case PixelFormat::kGray16:
      return {1, false, false, Depth::k16};
    case PixelFormat::kGrayAlpha16:
      return {1, true, false, Depth::k16};
    case PixelFormat::kRgb16:
      return {3, false, false, Depth::k16};
    case PixelFormat::kRgba16:
      return {3, true, false, Depth::k16};
    case PixelFormat::kBgra16:
      return {3, true, true, Depth::k16};
    case PixelFormat::kRgbFloat:
      return {3, false, false, Depth::kFloat};
    case PixelFormat::kRgbaFloat:
      return {3, true, false, Depth::kFloat};
  }
  return {3, false, false, Depth::k8};
}

int BytesPerPixel(PixelFormat format) {
  const PixelLayout layout = LayoutOf(format);
  return layout.samples() * BytesPerSample(layout.depth);
}

absl::Status CheckSize(int64_t width, int64_t height, const Limits& limits) {
  const std::string size = absl::StrCat("the picture is ", width, " x ", height, " pixels; ");
  if (width < limits.min_side || height < limits.min_side) {
    return absl::InvalidArgumentError(absl::StrCat(size, "at least ", limits.min_side, " on a side"));
  }
  if (width > limits.max_side || height > limits.max_side) {
    return absl::InvalidArgumentError(absl::StrCat(size, "at most ", limits.max_side, " on a side"));
  }
  if (width > limits.max_pixels / height) {
    return absl::InvalidArgumentError(absl::StrCat(size, "at most ", limits.max_pixels, " pixels in all"));
  }
  return absl::OkStatus();
}

bool JpegHasMoreScansThan(std::string_view encoded, int limit) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(encoded[i]); };
  int scans = 0;
  size_t i = 2;  // past the start marker
  while (i + 3 < encoded.size()) {
    if (byte(i) != 0xff) {  // inside a scan's data, or junk: markers alone matter
      ++i;
      continue;
    }
    const uint8_t marker = byte(i + 1);
    if (marker == 0xff) {  // fill byte
      ++i;
    } else if (marker == 0x00 || marker == 0x01 ||
               (marker >= 0xd0 && marker <= 0xd8)) {  // these have no length
      i += 2;
    } else if (marker == 0xd9) {  // end of the picture
      return false;
    } else {
      if (marker == 0xda && ++scans > limit) {
        return true;
      }
      i += 2 + (size_t{byte(i + 2)} << 8) + byte(i + 3);
    }
  }
  return false;
}

bool TiffHasValuesOutside(std::string_view encoded) {
  if (encoded.size() < 16) {
    return false;
  }
  const bool little = encoded[0] == 'I';
  const bool big_tiff = encoded[little ? 2 : 3] == '+';
  const uint64_t size = encoded.size();
  // The unsigned number of `bytes` bytes at `at`; 0 outside the file.
  const auto number = [&](uint64_t at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; at <= size && size - at >= static_cast<uint64_t>(bytes) && i < bytes; ++i) {
      value = value << 8 | static_cast<uint8_t>(encoded[at + (little ? bytes - 1 - i : i)]);
    }
    return value;
  };
  const int word = big_tiff ? 8 : 4;  // of an offset or count
  const int head = big_tiff ? 8 : 2;  // of the number of entries
  const uint64_t directory = number(big_tiff ? 8 : 4, word);
  if (directory > size) {
    return true;
  }
  const uint64_t entries = number(directory, head);
  uint64_t at = directory + head;
  for (uint64_t i = 0; i < entries && at < size; ++i, at += 4 + 2 * word) {
    // By TIFF's number of the type.
    constexpr int kTypeBytes[] = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8};
    const uint64_t type = number(at + 2, 2);
    const uint64_t count = number(at + 4, word);
    if (type >= std::size(kTypeBytes)) {
      continue;
    }
    if (count > size) {  // also keeps the product below within 64 bits
      return true;
    }
    const uint64_t bytes = count * kTypeBytes[type];
    if (bytes > static_cast<uint64_t>(word)) {
      const uint64_t offset = number(at + 4 + word, word);
      if (offset > size || bytes > size - offset) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace impasto::imaging
