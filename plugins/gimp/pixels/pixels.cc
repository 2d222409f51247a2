#include "pixels/pixels.h"

#include <cstdint>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/text.h"
#include "core/words.h"

namespace impasto::gimp {
namespace {

// Babl's name of a format without its space, in two: "R'G'B'A" and "u8".
std::pair<absl::string_view, absl::string_view> NameParts(const Babl* format) {
  const absl::string_view name = babl_format_get_encoding(format);
  const size_t blank = name.rfind(' ');
  return {name.substr(0, blank), name.substr(blank + 1)};
}

// Rows travel without gaps.
int64_t Bytes(v1::PixelFormat format, int width, int height) {
  return int64_t{BytesPerPixel(format)} * width * height;
}

// One layout of the server, as Babl has it: a component's type, whether grey, whether with alpha.
struct Layout {
  const char* type;
  bool gray;
  bool alpha;
};

Layout LayoutOf(v1::PixelFormat format) {
  switch (format) {
    case v1::PIXEL_FORMAT_GRAY8:
      return {"u8", true, false};
    case v1::PIXEL_FORMAT_GRAY_ALPHA8:
      return {"u8", true, true};
    case v1::PIXEL_FORMAT_RGB8:
      return {"u8", false, false};
    case v1::PIXEL_FORMAT_RGBA8:
      return {"u8", false, true};
    case v1::PIXEL_FORMAT_GRAY16:
      return {"u16", true, false};
    case v1::PIXEL_FORMAT_GRAY_ALPHA16:
      return {"u16", true, true};
    case v1::PIXEL_FORMAT_RGB16:
      return {"u16", false, false};
    case v1::PIXEL_FORMAT_RGBA16:
      return {"u16", false, true};
    case v1::PIXEL_FORMAT_RGBA_FLOAT:
      return {"float", false, true};
    default:
      return {"float", false, false};
  }
}

const Babl* BablFormat(v1::PixelFormat format, bool linear, const Babl* space) {
  const Layout layout = LayoutOf(format);
  const char* mark = linear ? "" : "'";
  const std::string model =
      layout.gray ? absl::StrCat("Y", mark) : absl::StrCat("R", mark, "G", mark, "B", mark);
  return babl_format_with_space(absl::StrCat(model, layout.alpha ? "A " : " ", layout.type).c_str(), space);
}

// `format`: of the picture's pixels.
absl::Status WriteAs(const Babl* format, const ReceivedPicture& picture, GeglBuffer* buffer,
                     const GeglRectangle& area) {
  const v1::PictureHeader& header = picture.header;
  if (header.format() != v1::PICTURE_FORMAT_RAW || header.width() != area.width ||
      header.height() != area.height) {
    return absl::InternalError(absl::StrCat("a picture of ", header.width(), " x ", header.height(),
                                            " for an area of ", area.width, " x ", area.height));
  }
  const int64_t row = Bytes(header.pixel_format(), area.width, 1);
  const int64_t stride = header.stride() == 0 ? row : header.stride();
  if (row == 0 || stride < row || stride > INT32_MAX ||
      static_cast<int64_t>(picture.bytes.size()) < stride * (area.height - 1) + row) {
    return absl::InternalError("the picture's rows are shorter than its header says");
  }
  gegl_buffer_set(buffer, &area, 0, format, picture.bytes.data(), static_cast<int>(stride));
  return absl::OkStatus();
}

}  // namespace

bool IsLinear(const Babl* format) { return NameParts(format).first.find('\'') == absl::string_view::npos; }

bool IsGray(const Babl* format) { return NameParts(format).first.front() == 'Y'; }

const Babl* WithType(const Babl* format, const char* type) {
  const std::string name = absl::StrCat(NameParts(format).first, " ", type);
  return babl_format_with_space(name.c_str(), babl_format_get_space(format));
}

v1::PixelFormat TravelFormat(const Babl* format) {
  const bool gray = IsGray(format);
  const bool alpha = babl_format_has_alpha(format);
  const absl::string_view type = NameParts(format).second;
  if (type == "u8") {
    return gray ? (alpha ? v1::PIXEL_FORMAT_GRAY_ALPHA8 : v1::PIXEL_FORMAT_GRAY8)
                : (alpha ? v1::PIXEL_FORMAT_RGBA8 : v1::PIXEL_FORMAT_RGB8);
  }
  if (type == "u16") {
    return gray ? (alpha ? v1::PIXEL_FORMAT_GRAY_ALPHA16 : v1::PIXEL_FORMAT_GRAY16)
                : (alpha ? v1::PIXEL_FORMAT_RGBA16 : v1::PIXEL_FORMAT_RGB16);
  }
  return alpha ? v1::PIXEL_FORMAT_RGBA_FLOAT : v1::PIXEL_FORMAT_RGB_FLOAT;
}

const Babl* BablFormat(v1::PixelFormat format, const Babl* like) {
  const Babl* space = IsGray(like) && !LayoutOf(format).gray ? nullptr : babl_format_get_space(like);
  return BablFormat(format, IsLinear(like), space);
}

absl::StatusOr<v1::Picture> ReadPixels(GeglBuffer* buffer, const GeglRectangle& area,
                                       const std::string& icc_profile) {
  if (area.width < 2 || area.height < 2) {
    return absl::InvalidArgumentError(_("This part of the picture is too small to be painted."));
  }
  const Babl* native = gegl_buffer_get_format(buffer);
  const v1::PixelFormat travels = TravelFormat(native);
  const int64_t bytes = Bytes(travels, area.width, area.height);
  if (bytes > kMaxPictureBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        _("This part of the picture is too large for the server. Select a smaller part, or scale the "
          "image down first."),
        " (", ByteWords(bytes), " > ", ByteWords(kMaxPictureBytes), ")"));
  }
  std::string data(static_cast<size_t>(bytes), '\0');
  gegl_buffer_get(buffer, &area, 1.0, BablFormat(travels, native), data.data(), GEGL_AUTO_ROWSTRIDE,
                  GEGL_ABYSS_NONE);
  // Not by PictureFromPixels(), which would make a second copy of what may be 256 MiB.
  v1::Picture picture;
  v1::RawPixels& raw = *picture.mutable_raw();
  raw.set_format(travels);
  raw.set_width(area.width);
  raw.set_height(area.height);
  raw.set_data(std::move(data));
  raw.set_icc_profile(icc_profile);
  return picture;
}

absl::Status WritePixels(const ReceivedPicture& picture, GeglBuffer* buffer, const GeglRectangle& area) {
  return WriteAs(BablFormat(picture.header.pixel_format(), gegl_buffer_get_format(buffer)), picture, buffer,
                 area);
}

absl::Status WritePixels(const ReceivedPicture& picture, const Babl* space, GeglBuffer* buffer,
                         const GeglRectangle& area) {
  return WriteAs(BablFormat(picture.header.pixel_format(), /*linear=*/false, space), picture, buffer, area);
}

}  // namespace impasto::gimp
