#include <gegl.h>

#include "absl/status/statusor.h"
#include "host/area.h"
#include "host/host.h"
#include "host/libgimp.h"
#include "host/refusals.h"
#include "impasto/internal/status_macros.h"
#include "pixels/pixels.h"

namespace impasto::gimp {
namespace {

std::string IccProfile(GimpColorProfile* profile) {
  gsize size = 0;
  const guint8* data = gimp_color_profile_get_icc_profile(profile, &size);
  return std::string(reinterpret_cast<const char*>(data), size);
}

// What the values mean that travel for a drawable. A layer's are the image's profile's, which GIMP keeps in
// step with the image's curve. Masks and channels know no profile, and grey that travels as RGB floats has
// another one.
std::string TravelProfile(ImageId image, DrawableId drawable) {
  const Babl* format = gimp_drawable_get_format(drawable);
  const bool linear = IsLinear(format);
  const v1::PixelFormat travels = TravelFormat(format);
  Profile profile;
  if (IsGray(format) && (travels == v1::PIXEL_FORMAT_RGB_FLOAT || travels == v1::PIXEL_FORMAT_RGBA_FLOAT)) {
    profile.reset(linear ? gimp_color_profile_new_rgb_srgb_linear() : gimp_color_profile_new_rgb_srgb());
  } else if (gimp_item_is_channel(drawable)) {
    profile.reset(linear ? gimp_color_profile_new_d65_gray_linear()
                         : gimp_color_profile_new_d65_gray_srgb_trc());
  } else {
    profile.reset(gimp_image_get_effective_color_profile(image));
  }
  return IccProfile(profile.get());
}

// GIMP's own lock, and those of the groups around it.
bool IsLocked(DrawableId drawable) {
  if (gimp_item_is_layer_mask(drawable)) {
    drawable = gimp_layer_from_mask(drawable);
  }
  for (gint32 item = drawable; item > 0; item = gimp_item_get_parent(item)) {
    if (gimp_item_get_lock_content(item)) {
      return true;
    }
  }
  return false;
}

absl::Status CheckDrawable(DrawableId drawable) {
  if (!gimp_item_is_valid(drawable) || !gimp_item_is_drawable(drawable) || gimp_item_is_selection(drawable)) {
    return NotADrawable();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Target> OpenTarget(ImageId image, DrawableId drawable, Placement placement) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckDrawable(drawable));
  if (gimp_item_is_group(drawable)) {
    return GroupRefused();
  }
  if (gimp_image_base_type(image) == GIMP_INDEXED) {
    return IndexedRefused();
  }
  Target target;
  target.image = image;
  target.drawable = drawable;
  target.is_mask = gimp_item_is_channel(drawable);
  target.layer_name = Text(gimp_item_get_name(drawable)).get();
  const bool in_place = placement == Placement::kInPlace || target.is_mask;
  if (in_place && IsLocked(drawable)) {
    return Locked(target.layer_name);
  }
  if (!in_place && gimp_image_get_floating_sel(image) != -1) {
    return FloatingSelectionRefused();
  }
  if (!gimp_drawable_mask_intersect(drawable, &target.x, &target.y, &target.width, &target.height)) {
    return NothingSelected();
  }
  if (target.width < kSmallestSide || target.height < kSmallestSide) {
    return TooSmall(target.width, target.height);
  }
  gint x = 0;
  gint y = 0;
  gimp_drawable_offsets(drawable, &x, &y);
  target.image_x = x + target.x;
  target.image_y = y + target.y;
  target.drawable_width = gimp_drawable_width(drawable);
  target.drawable_height = gimp_drawable_height(drawable);
  target.has_alpha = gimp_drawable_has_alpha(drawable);
  target.image_name = Text(gimp_image_get_name(image)).get();
  target.icc_profile = TravelProfile(image, drawable);
  const Babl* format = gimp_drawable_get_format(drawable);
  target.travels = TravelFormat(format);
  target.pixel_format = babl_get_name(format);
  if (!gimp_selection_is_empty(image)) {
    target.mask = ReadMask(gimp_image_get_selection(image),
                           {target.image_x, target.image_y, target.width, target.height});
  }
  return target;
}

absl::StatusOr<v1::Picture> ReadTarget(const Target& target) {
  const Buffer buffer(gimp_drawable_get_buffer(target.drawable));
  return ReadPixels(buffer.get(), AreaOf(target), target.icc_profile);
}

absl::StatusOr<v1::Picture> ReadDrawable(DrawableId drawable) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckDrawable(drawable));
  if (gimp_drawable_is_indexed(drawable)) {
    return IndexedStyleRefused();
  }
  const Buffer buffer(gimp_drawable_get_buffer(drawable));
  return ReadPixels(buffer.get(), {0, 0, gimp_drawable_width(drawable), gimp_drawable_height(drawable)},
                    TravelProfile(gimp_item_get_image(drawable), drawable));
}

}  // namespace impasto::gimp
