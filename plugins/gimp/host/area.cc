#include "host/area.h"

#include <algorithm>

#include "host/libgimp.h"

namespace impasto::gimp {

GeglRectangle AreaOf(const Target& target) { return {target.x, target.y, target.width, target.height}; }

std::vector<uint8_t> ReadMask(DrawableId channel, const GeglRectangle& area) {
  std::vector<uint8_t> mask(static_cast<size_t>(area.width) * area.height);
  const Buffer buffer(gimp_drawable_get_buffer(channel));
  gegl_buffer_get(buffer.get(), &area, 1.0, babl_format("Y u8"), mask.data(), GEGL_AUTO_ROWSTRIDE,
                  GEGL_ABYSS_NONE);
  if (std::all_of(mask.begin(), mask.end(), [](uint8_t value) { return value == 255; })) {
    mask.clear();
  }
  return mask;
}

}  // namespace impasto::gimp
