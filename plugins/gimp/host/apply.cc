#include <algorithm>
#include <string>
#include <vector>

#include <gegl.h>

#include "absl/status/statusor.h"
#include "host/area.h"
#include "host/host.h"
#include "host/libgimp.h"
#include "host/refusals.h"
#include "impasto/internal/status_macros.h"
#include "pixels/blend.h"
#include "pixels/pixels.h"

namespace impasto::gimp {
namespace {

// One step in the user's list of undo steps.
class UndoGroup {
 public:
  explicit UndoGroup(ImageId image) : image_(image) { gimp_image_undo_group_start(image_); }
  ~UndoGroup() { gimp_image_undo_group_end(image_); }
  UndoGroup(const UndoGroup&) = delete;
  UndoGroup& operator=(const UndoGroup&) = delete;

 private:
  const ImageId image_;
};

// The target is what it was when its pixels were read.
absl::Status CheckUnchanged(const Target& target) {
  if (!gimp_image_is_valid(target.image)) {
    return ImageGone();
  }
  const DrawableId drawable = target.drawable;
  if (!gimp_item_is_valid(drawable) || gimp_item_get_image(drawable) != target.image ||
      gimp_drawable_width(drawable) != target.drawable_width ||
      gimp_drawable_height(drawable) != target.drawable_height ||
      target.pixel_format != babl_get_name(gimp_drawable_get_format(drawable))) {
    return LayerChanged(target.layer_name);
  }
  return absl::OkStatus();
}

absl::Status Refused() { return HostRefused(LastError()); }

// With its end as C has it: GIMP's own comments are kept so.
void AttachParasite(DrawableId drawable, const char* name, const std::string& text) {
  const OwnParasite parasite(gimp_parasite_new(name, GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE,
                                               static_cast<guint32>(text.size() + 1), text.c_str()));
  gimp_item_attach_parasite(drawable, parasite.get());
}

void AttachParasites(DrawableId drawable, const Painting& painting) {
  AttachParasite(drawable, kRecipeParasite, painting.recipe_json);
  AttachParasite(drawable, kSettingsParasite, painting.settings_json);
}

// Lets GIMP merge within a rectangle, whatever the user has selected; that is selected again afterwards.
class SelectionOfOurs {
 public:
  SelectionOfOurs(ImageId image, const GeglRectangle& area) : image_(image) {
    if (!gimp_selection_is_empty(image_)) {
      users_ = gimp_channel_copy(gimp_image_get_selection(image_));
    }
    const GeglRectangle canvas = {0, 0, gimp_image_width(image_), gimp_image_height(image_)};
    if (gegl_rectangle_contains(&canvas, &area)) {
      gimp_image_select_rectangle(image_, GIMP_CHANNEL_OP_REPLACE, area.x, area.y, area.width, area.height);
    } else {
      gimp_selection_none(image_);  // what lies outside of the canvas can't be selected
    }
  }
  ~SelectionOfOurs() {
    if (users_ == -1) {
      gimp_selection_none(image_);
      return;
    }
    gimp_channel_combine_masks(gimp_image_get_selection(image_), users_, GIMP_CHANNEL_OP_REPLACE, 0, 0);
    gimp_item_delete(users_);
  }
  SelectionOfOurs(const SelectionOfOurs&) = delete;
  SelectionOfOurs& operator=(const SelectionOfOurs&) = delete;

 private:
  const ImageId image_;
  gint32 users_ = -1;
};

// Merging tells GIMP what to undo; it computes in floats, though, and 32-bit integers would not be what they
// were, so that the pixels are put there once more as they are.
absl::Status ApplyInPlace(const Target& target, const Painting& painting) {
  const DrawableId drawable = target.drawable;
  const GeglRectangle area = AreaOf(target);
  const Buffer original(gimp_drawable_get_buffer(drawable));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GeglBuffer * pixels,
                                  Blend(original.get(), area, painting.picture, target.mask));
  const Buffer blended(pixels);

  gint x = 0;
  gint y = 0;
  gimp_drawable_offsets(drawable, &x, &y);
  {
    const SelectionOfOurs selection(target.image, {x + area.x, y + area.y, area.width, area.height});
    Buffer shadow(gimp_drawable_get_shadow_buffer(drawable));
    gegl_buffer_copy(original.get(), nullptr, GEGL_ABYSS_NONE, shadow.get(), nullptr);
    CopyPixels(blended.get(), shadow.get(), area);
    shadow.reset();  // GIMP has it now
    if (!gimp_drawable_merge_shadow(drawable, TRUE)) {
      return Refused();
    }
  }
  {
    const Buffer merged(gimp_drawable_get_buffer(drawable));
    CopyPixels(blended.get(), merged.get(), area);
  }
  gimp_drawable_update(drawable, area.x, area.y, area.width, area.height);
  return absl::OkStatus();
}

// What of a new layer is seen: where the selection and the target's own layer mask let it. Empty: all of it.
std::vector<uint8_t> MaskOfNewLayer(const Target& target) {
  std::vector<uint8_t> mask = target.mask;
  const gint32 own = gimp_layer_get_mask(target.drawable);
  if (own == -1 || !gimp_layer_get_apply_mask(target.drawable)) {
    return mask;
  }
  const std::vector<uint8_t> hidden = ReadMask(own, AreaOf(target));
  if (mask.empty() || hidden.empty()) {
    return mask.empty() ? hidden : mask;
  }
  std::transform(mask.begin(), mask.end(), hidden.begin(), mask.begin(),
                 [](int a, int b) { return static_cast<uint8_t>((a * b + 127) / 255); });
  return mask;
}

absl::StatusOr<DrawableId> InsertLayer(ImageId image, const char* name, const GeglRectangle& area, bool alpha,
                                       gint32 parent, gint position) {
  const bool gray = gimp_image_base_type(image) == GIMP_GRAY;
  const GimpImageType type =
      gray ? (alpha ? GIMP_GRAYA_IMAGE : GIMP_GRAY_IMAGE) : (alpha ? GIMP_RGBA_IMAGE : GIMP_RGB_IMAGE);
  const gint32 layer = gimp_layer_new(image, name, area.width, area.height, type, 100,
                                      gimp_image_get_default_new_layer_mode(image));
  if (layer == -1) {
    return Refused();
  }
  gimp_layer_set_offsets(layer, area.x, area.y);
  if (!gimp_image_insert_layer(image, layer, std::max(parent, 0), position)) {
    return Refused();
  }
  return layer;
}

absl::StatusOr<DrawableId> ApplyAsLayer(const Target& target, const Painting& painting) {
  const Buffer original(gimp_drawable_get_buffer(target.drawable));
  const GeglRectangle area = AreaOf(target);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GeglBuffer * pixels, Blend(original.get(), area, painting.picture, {}));
  const Buffer painted(pixels);
  const std::vector<uint8_t> mask = MaskOfNewLayer(target);

  gint x = 0;
  gint y = 0;
  gimp_drawable_offsets(target.drawable, &x, &y);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(
      const DrawableId layer,
      InsertLayer(target.image, painting.name.c_str(), {x + area.x, y + area.y, area.width, area.height},
                  target.has_alpha, gimp_item_get_parent(target.drawable),
                  gimp_image_get_item_position(target.image, target.drawable)));
  const GeglRectangle whole = {0, 0, area.width, area.height};
  {
    const Buffer buffer(gimp_drawable_get_buffer(layer));
    CopyPixels(painted.get(), buffer.get(), whole);
  }
  if (!mask.empty()) {
    const gint32 channel = gimp_layer_create_mask(layer, GIMP_ADD_MASK_WHITE);
    gimp_layer_add_mask(layer, channel);
    const Buffer buffer(gimp_drawable_get_buffer(channel));
    gegl_buffer_set(buffer.get(), &whole, 0, babl_format("Y u8"), mask.data(), GEGL_AUTO_ROWSTRIDE);
  }
  gimp_drawable_update(layer, 0, 0, area.width, area.height);
  return layer;
}

// The open image that a waiting job began with, or -1.
ImageId OpenImageOf(const WaitingJob& job) {
  for (const ImageId image : OpenImages()) {
    if (!job.image_file.empty() && job.image_file == ImageFile(image) &&
        gimp_image_width(image) == job.image_width && gimp_image_height(image) == job.image_height &&
        gimp_image_base_type(image) != GIMP_INDEXED) {
      return image;
    }
  }
  return -1;
}

GimpPrecision PrecisionOf(v1::PixelFormat format, bool linear) {
  const int bytes = BytesPerPixel(format);
  switch (format) {
    case v1::PIXEL_FORMAT_RGB_FLOAT:
    case v1::PIXEL_FORMAT_RGBA_FLOAT:
      return linear ? GIMP_PRECISION_FLOAT_LINEAR : GIMP_PRECISION_FLOAT_GAMMA;
    case v1::PIXEL_FORMAT_GRAY16:
    case v1::PIXEL_FORMAT_GRAY_ALPHA16:
    case v1::PIXEL_FORMAT_RGB16:
    case v1::PIXEL_FORMAT_RGBA16:
      return linear ? GIMP_PRECISION_U16_LINEAR : GIMP_PRECISION_U16_GAMMA;
    default:
      return bytes > 0 && linear ? GIMP_PRECISION_U8_LINEAR : GIMP_PRECISION_U8_GAMMA;
  }
}

}  // namespace

absl::StatusOr<DrawableId> Apply(const Target& target, const Painting& painting, Placement placement) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckUnchanged(target));
  DrawableId painted = target.drawable;
  {
    const UndoGroup group(target.image);
    if (placement == Placement::kInPlace || target.is_mask) {
      IMPASTO_CLIENT_RETURN_IF_ERROR(ApplyInPlace(target, painting));
    } else {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(painted, ApplyAsLayer(target, painting));
    }
    AttachParasites(painted, painting);
  }
  gimp_displays_flush();
  return painted;
}

absl::StatusOr<DrawableId> ApplyWaiting(const WaitingJob& job, const Painting& painting) {
  const v1::PixelFormat travels = painting.picture.header.pixel_format();
  GError* error = nullptr;
  const Profile profile(gimp_color_profile_new_from_icc_profile(
      reinterpret_cast<const guint8*>(job.icc_profile.data()), job.icc_profile.size(), &error));
  g_clear_error(&error);  // without a profile it is sRGB
  const Babl* space = nullptr;
  if (profile != nullptr) {
    space = gimp_color_profile_get_space(profile.get(), GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                         &error);
    g_clear_error(&error);
  }
  const bool gray = BytesPerPixel(travels) > 0 && IsGray(BablFormat(travels, babl_format("R'G'B' u8")));
  const bool alpha = babl_format_has_alpha(BablFormat(travels, babl_format("R'G'B' u8")));
  const GeglRectangle whole = {0, 0, painting.picture.header.width(), painting.picture.header.height()};

  ImageId image = OpenImageOf(job);
  const bool own = image == -1;
  GeglRectangle area = {job.x, job.y, whole.width, whole.height};
  if (own) {
    const bool linear = profile != nullptr && gimp_color_profile_is_linear(profile.get());
    image = NewImage(whole.width, whole.height, gray ? GIMP_GRAY : GIMP_RGB, PrecisionOf(travels, linear));
    if (profile != nullptr) {
      gimp_image_set_color_profile(image, profile.get());
    }
    area = whole;
  }
  DrawableId layer = -1;
  {
    const UndoGroup group(image);
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(layer, InsertLayer(image, painting.name.c_str(), area, alpha, 0, 0));
    const Buffer buffer(gimp_drawable_get_buffer(layer));
    IMPASTO_CLIENT_RETURN_IF_ERROR(WritePixels(painting.picture, space, buffer.get(), whole));
    AttachParasites(layer, painting);
  }
  gimp_drawable_update(layer, 0, 0, whole.width, whole.height);
  if (own) {
    gimp_display_new(image);
  }
  gimp_displays_flush();
  return layer;
}

std::string Parasite(DrawableId drawable, const char* name) {
  if (!gimp_item_is_valid(drawable)) {
    return "";
  }
  std::string text = ParasiteText(OwnParasite(gimp_item_get_parasite(drawable, name)));
  while (!text.empty() && text.back() == '\0') {
    text.pop_back();
  }
  return text;
}

}  // namespace impasto::gimp
