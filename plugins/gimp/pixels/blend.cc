#include "pixels/blend.h"

#include <cstring>

#include "absl/status/statusor.h"
#include "pixels/pixels.h"

namespace impasto::gimp {
namespace {

// Rows of a buffer, native and as doubles.
struct Row {
  Row(const Babl* native, int width)
      : native(static_cast<size_t>(width) * babl_format_get_bytes_per_pixel(native)),
        values(static_cast<size_t>(width) * babl_format_get_n_components(native)) {}

  void Read(GeglBuffer* buffer, const GeglRectangle& area) {
    gegl_buffer_get(buffer, &area, 1.0, nullptr, native.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  }

  std::vector<char> native;
  std::vector<double> values;
};

}  // namespace

absl::StatusOr<GeglBuffer*> Blend(GeglBuffer* original, const GeglRectangle& area,
                                  const ReceivedPicture& picture, const std::vector<uint8_t>& mask) {
  const Babl* format = gegl_buffer_get_format(original);
  const GeglRectangle whole = {0, 0, area.width, area.height};
  GeglBuffer* blended = gegl_buffer_new(&whole, format);
  const absl::Status written = WritePixels(picture, blended, whole);
  if (!written.ok()) {
    g_object_unref(blended);
    return written;
  }
  const Babl* wide = WithType(format, "double");  // for every type that GIMP has
  const Babl* to_double = babl_fish(format, wide);
  const Babl* to_native = babl_fish(wide, format);
  const int components = babl_format_get_n_components(format);
  const int pixel_bytes = babl_format_get_bytes_per_pixel(format);
  const int colors = babl_format_has_alpha(format) ? components - 1 : components;
  const int color_bytes = pixel_bytes / components * colors;  // alpha comes last in every format of GIMP's
  Row before(format, area.width);
  Row after(format, area.width);
  Row mixed(format, area.width);
  for (int y = 0; y < area.height; ++y) {
    const GeglRectangle to = {0, y, area.width, 1};
    const uint8_t* shares = mask.empty() ? nullptr : mask.data() + static_cast<size_t>(y) * area.width;
    before.Read(original, {area.x, area.y + y, area.width, 1});
    after.Read(blended, to);
    if (shares != nullptr) {
      babl_process(to_double, before.native.data(), before.values.data(), area.width);
      babl_process(to_double, after.native.data(), after.values.data(), area.width);
      for (int i = 0; i < area.width * components; ++i) {
        const int pixel = i / components;
        const double share = shares[pixel] / 255.0;
        mixed.values[i] = share * after.values[i] + (1 - share) * before.values[i];
      }
      babl_process(to_native, mixed.values.data(), mixed.native.data(), area.width);
    }
    for (int x = 0; x < area.width; ++x) {
      const size_t at = static_cast<size_t>(x) * pixel_bytes;
      const uint8_t share = shares == nullptr ? 255 : shares[x];
      if (share == 0) {
        std::memcpy(&after.native[at], &before.native[at], pixel_bytes);
        continue;
      }
      if (share < 255) {
        std::memcpy(&after.native[at], &mixed.native[at], color_bytes);
      }
      std::memcpy(&after.native[at + color_bytes], &before.native[at + color_bytes],
                  pixel_bytes - color_bytes);
    }
    gegl_buffer_set(blended, &to, 0, nullptr, after.native.data(), GEGL_AUTO_ROWSTRIDE);
  }
  return blended;
}

void CopyPixels(GeglBuffer* from, GeglBuffer* to, const GeglRectangle& area) {
  const GeglRectangle whole = {0, 0, area.width, area.height};
  gegl_buffer_copy(from, &whole, GEGL_ABYSS_NONE, to, &area);
}

}  // namespace impasto::gimp
