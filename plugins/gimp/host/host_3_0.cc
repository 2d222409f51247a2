// GIMP 3.0. libgimp gives objects for the numbers of images and drawables; they are its own, none is freed
// here.
#include <algorithm>
#include <memory>
#include <utility>

#include <gegl.h>
#include <libgimp/gimp.h>

#include "absl/status/statusor.h"
#include "host/host.h"
#include "host/refusals.h"
#include "impasto/internal/status_macros.h"
#include "pixels/blend.h"
#include "pixels/pixels.h"

namespace impasto::gimp {
namespace {

// By custom the name of the procedure whose last values these are.
constexpr char kSessionKey[] = "plug-in-impasto-style-transfer";

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Buffer = std::unique_ptr<GeglBuffer, Unref>;
using Profile = std::unique_ptr<GimpColorProfile, Unref>;

struct Free {
  void operator()(void* memory) const { g_free(memory); }
};
using Text = std::unique_ptr<gchar, Free>;

struct FreeParasite {
  void operator()(GimpParasite* parasite) const { gimp_parasite_free(parasite); }
};
using OwnParasite = std::unique_ptr<GimpParasite, FreeParasite>;

// Null: there is no such thing (any more), or it is something else.
GimpImage* ImageOf(ImageId image) { return gimp_image_get_by_id(image); }
GimpDrawable* DrawableOf(DrawableId drawable) {
  GimpItem* item = gimp_item_get_by_id(drawable);
  return item != nullptr && GIMP_IS_DRAWABLE(item) ? GIMP_DRAWABLE(item) : nullptr;
}
DrawableId IdOf(gpointer item) { return gimp_item_get_id(GIMP_ITEM(item)); }

// One step in the user's list of undo steps.
class UndoGroup {
 public:
  explicit UndoGroup(GimpImage* image) : image_(image) { gimp_image_undo_group_start(image_); }
  ~UndoGroup() { gimp_image_undo_group_end(image_); }
  UndoGroup(const UndoGroup&) = delete;
  UndoGroup& operator=(const UndoGroup&) = delete;

 private:
  GimpImage* const image_;
};

std::string IccProfile(GimpColorProfile* profile) {
  gsize size = 0;
  const guint8* data = gimp_color_profile_get_icc_profile(profile, &size);
  return std::string(reinterpret_cast<const char*>(data), size);
}

// What the values mean that travel for a drawable. A layer's are the image's profile's, which GIMP keeps in
// step with the image's curve. Masks and channels know no profile, and grey that travels as RGB floats has
// another one.
std::string TravelProfile(GimpDrawable* drawable) {
  const Babl* format = gimp_drawable_get_format(drawable);
  const bool linear = IsLinear(format);
  const v1::PixelFormat travels = TravelFormat(format);
  Profile profile;
  if (IsGray(format) && (travels == v1::PIXEL_FORMAT_RGB_FLOAT || travels == v1::PIXEL_FORMAT_RGBA_FLOAT)) {
    profile.reset(linear ? gimp_color_profile_new_rgb_srgb_linear() : gimp_color_profile_new_rgb_srgb());
  } else if (GIMP_IS_CHANNEL(drawable)) {
    profile.reset(linear ? gimp_color_profile_new_d65_gray_linear()
                         : gimp_color_profile_new_d65_gray_srgb_trc());
  } else {
    profile.reset(gimp_image_get_effective_color_profile(gimp_item_get_image(GIMP_ITEM(drawable))));
  }
  return IccProfile(profile.get());
}

// GIMP's own lock, and those of the groups around it.
bool IsLocked(GimpDrawable* drawable) {
  GimpItem* item = GIMP_IS_LAYER_MASK(drawable) ? GIMP_ITEM(gimp_layer_from_mask(GIMP_LAYER_MASK(drawable)))
                                                : GIMP_ITEM(drawable);
  for (; item != nullptr; item = gimp_item_get_parent(item)) {
    if (gimp_item_get_lock_content(item)) {
      return true;
    }
  }
  return false;
}

// The layer, mask or channel of that number.
absl::StatusOr<GimpDrawable*> FindDrawable(DrawableId id) {
  GimpDrawable* drawable = DrawableOf(id);
  if (drawable == nullptr || GIMP_IS_SELECTION(drawable)) {
    return NotADrawable();
  }
  return drawable;
}

GeglRectangle AreaOf(const Target& target) { return {target.x, target.y, target.width, target.height}; }

// A channel's values (0..255) within an area of its own; empty: 255 throughout.
std::vector<uint8_t> ReadMask(GimpDrawable* channel, const GeglRectangle& area) {
  std::vector<uint8_t> mask(static_cast<size_t>(area.width) * area.height);
  const Buffer buffer(gimp_drawable_get_buffer(channel));
  gegl_buffer_get(buffer.get(), &area, 1.0, babl_format("Y u8"), mask.data(), GEGL_AUTO_ROWSTRIDE,
                  GEGL_ABYSS_NONE);
  if (std::all_of(mask.begin(), mask.end(), [](uint8_t value) { return value == 255; })) {
    mask.clear();
  }
  return mask;
}

// The target's drawable, where it is what it was when its pixels were read.
absl::StatusOr<GimpDrawable*> FindUnchanged(const Target& target) {
  GimpImage* image = ImageOf(target.image);
  if (image == nullptr) {
    return ImageGone();
  }
  GimpDrawable* drawable = DrawableOf(target.drawable);
  if (drawable == nullptr || gimp_item_get_image(GIMP_ITEM(drawable)) != image ||
      gimp_drawable_get_width(drawable) != target.drawable_width ||
      gimp_drawable_get_height(drawable) != target.drawable_height ||
      target.pixel_format != babl_get_name(gimp_drawable_get_format(drawable))) {
    return LayerChanged(target.layer_name);
  }
  return drawable;
}

absl::Status Refused() { return HostRefused(gimp_pdb_get_last_error(gimp_get_pdb())); }

// With its end as C has it: GIMP's own comments are kept so.
void AttachParasite(GimpDrawable* drawable, const char* name, const std::string& text) {
  const OwnParasite parasite(gimp_parasite_new(name, GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE,
                                               static_cast<guint32>(text.size() + 1), text.c_str()));
  gimp_item_attach_parasite(GIMP_ITEM(drawable), parasite.get());
}

// "": there is none.
std::string TextOf(const OwnParasite& parasite) {
  if (parasite == nullptr) {
    return "";
  }
  guint32 size = 0;
  const auto* data = static_cast<const char*>(gimp_parasite_get_data(parasite.get(), &size));
  std::string text(data, size);
  while (!text.empty() && text.back() == '\0') {
    text.pop_back();
  }
  return text;
}

void AttachParasites(GimpDrawable* drawable, const Painting& painting) {
  AttachParasite(drawable, kRecipeParasite, painting.recipe_json);
  AttachParasite(drawable, kSettingsParasite, painting.settings_json);
}

// Lets GIMP merge within a rectangle, whatever the user has selected; that is selected again afterwards.
class SelectionOfOurs {
 public:
  SelectionOfOurs(GimpImage* image, const GeglRectangle& area) : image_(image) {
    if (!gimp_selection_is_empty(image_)) {
      users_ = gimp_channel_copy(GIMP_CHANNEL(gimp_image_get_selection(image_)));
    }
    const GeglRectangle canvas = {0, 0, gimp_image_get_width(image_), gimp_image_get_height(image_)};
    if (gegl_rectangle_contains(&canvas, &area)) {
      gimp_image_select_rectangle(image_, GIMP_CHANNEL_OP_REPLACE, area.x, area.y, area.width, area.height);
    } else {
      gimp_selection_none(image_);  // what lies outside of the canvas can't be selected
    }
  }
  ~SelectionOfOurs() {
    if (users_ == nullptr) {
      gimp_selection_none(image_);
      return;
    }
    gimp_channel_combine_masks(GIMP_CHANNEL(gimp_image_get_selection(image_)), users_,
                               GIMP_CHANNEL_OP_REPLACE, 0, 0);
    gimp_item_delete(GIMP_ITEM(users_));
  }
  SelectionOfOurs(const SelectionOfOurs&) = delete;
  SelectionOfOurs& operator=(const SelectionOfOurs&) = delete;

 private:
  GimpImage* const image_;
  GimpChannel* users_ = nullptr;
};

// Merging tells GIMP what to undo; it computes in floats, though, and 32-bit integers would not be what they
// were, so that the pixels are put there once more as they are.
absl::Status ApplyInPlace(GimpDrawable* drawable, const Target& target, const Painting& painting) {
  const GeglRectangle area = AreaOf(target);
  const Buffer original(gimp_drawable_get_buffer(drawable));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GeglBuffer * pixels,
                                  Blend(original.get(), area, painting.picture, target.mask));
  const Buffer blended(pixels);

  gint x = 0;
  gint y = 0;
  gimp_drawable_get_offsets(drawable, &x, &y);
  {
    const SelectionOfOurs selection(ImageOf(target.image), {x + area.x, y + area.y, area.width, area.height});
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
std::vector<uint8_t> MaskOfNewLayer(GimpDrawable* drawable, const Target& target) {
  std::vector<uint8_t> mask = target.mask;
  GimpLayerMask* own = gimp_layer_get_mask(GIMP_LAYER(drawable));
  if (own == nullptr || !gimp_layer_get_apply_mask(GIMP_LAYER(drawable))) {
    return mask;
  }
  const std::vector<uint8_t> hidden = ReadMask(GIMP_DRAWABLE(own), AreaOf(target));
  if (mask.empty() || hidden.empty()) {
    return mask.empty() ? hidden : mask;
  }
  std::transform(mask.begin(), mask.end(), hidden.begin(), mask.begin(),
                 [](int a, int b) { return static_cast<uint8_t>((a * b + 127) / 255); });
  return mask;
}

// `parent`: a group, or null.
absl::StatusOr<GimpLayer*> InsertLayer(GimpImage* image, const char* name, const GeglRectangle& area,
                                       bool alpha, GimpItem* parent, gint position) {
  const bool gray = gimp_image_get_base_type(image) == GIMP_GRAY;
  const GimpImageType type =
      gray ? (alpha ? GIMP_GRAYA_IMAGE : GIMP_GRAY_IMAGE) : (alpha ? GIMP_RGBA_IMAGE : GIMP_RGB_IMAGE);
  GimpLayer* layer = gimp_layer_new(image, name, area.width, area.height, type, 100,
                                    gimp_image_get_default_new_layer_mode(image));
  if (layer == nullptr) {
    return Refused();
  }
  gimp_layer_set_offsets(layer, area.x, area.y);
  if (!gimp_image_insert_layer(image, layer, parent == nullptr ? nullptr : GIMP_LAYER(parent), position)) {
    return Refused();
  }
  return layer;
}

absl::StatusOr<DrawableId> ApplyAsLayer(GimpDrawable* drawable, const Target& target,
                                        const Painting& painting) {
  const Buffer original(gimp_drawable_get_buffer(drawable));
  const GeglRectangle area = AreaOf(target);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GeglBuffer * pixels, Blend(original.get(), area, painting.picture, {}));
  const Buffer painted(pixels);
  const std::vector<uint8_t> mask = MaskOfNewLayer(drawable, target);

  GimpImage* image = ImageOf(target.image);
  gint x = 0;
  gint y = 0;
  gimp_drawable_get_offsets(drawable, &x, &y);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(
      GimpLayer * layer,
      InsertLayer(image, painting.name.c_str(), {x + area.x, y + area.y, area.width, area.height},
                  target.has_alpha, gimp_item_get_parent(GIMP_ITEM(drawable)),
                  gimp_image_get_item_position(image, GIMP_ITEM(drawable))));
  const GeglRectangle whole = {0, 0, area.width, area.height};
  {
    const Buffer buffer(gimp_drawable_get_buffer(GIMP_DRAWABLE(layer)));
    CopyPixels(painted.get(), buffer.get(), whole);
  }
  if (!mask.empty()) {
    GimpLayerMask* channel = gimp_layer_create_mask(layer, GIMP_ADD_MASK_WHITE);
    gimp_layer_add_mask(layer, channel);
    const Buffer buffer(gimp_drawable_get_buffer(GIMP_DRAWABLE(channel)));
    gegl_buffer_set(buffer.get(), &whole, 0, babl_format("Y u8"), mask.data(), GEGL_AUTO_ROWSTRIDE);
  }
  gimp_drawable_update(GIMP_DRAWABLE(layer), 0, 0, area.width, area.height);
  return IdOf(layer);
}

// The open image that a waiting job began with, or null.
GimpImage* OpenImageOf(const WaitingJob& job) {
  const std::unique_ptr<GimpImage*, Free> images(gimp_get_images());
  for (GimpImage** image = images.get(); *image != nullptr && !job.image_file.empty(); ++image) {
    GFile* file = gimp_image_get_file(*image);
    const Text path(file == nullptr ? nullptr : g_file_get_path(file));
    g_clear_object(&file);
    if (path != nullptr && job.image_file == path.get() && gimp_image_get_width(*image) == job.image_width &&
        gimp_image_get_height(*image) == job.image_height &&
        gimp_image_get_base_type(*image) != GIMP_INDEXED) {
      return *image;
    }
  }
  return nullptr;
}

GimpPrecision PrecisionOf(v1::PixelFormat format, bool linear) {
  const int bytes = BytesPerPixel(format);
  switch (format) {
    case v1::PIXEL_FORMAT_RGB_FLOAT:
    case v1::PIXEL_FORMAT_RGBA_FLOAT:
      return linear ? GIMP_PRECISION_FLOAT_LINEAR : GIMP_PRECISION_FLOAT_NON_LINEAR;
    case v1::PIXEL_FORMAT_GRAY16:
    case v1::PIXEL_FORMAT_GRAY_ALPHA16:
    case v1::PIXEL_FORMAT_RGB16:
    case v1::PIXEL_FORMAT_RGBA16:
      return linear ? GIMP_PRECISION_U16_LINEAR : GIMP_PRECISION_U16_NON_LINEAR;
    default:
      return bytes > 0 && linear ? GIMP_PRECISION_U8_LINEAR : GIMP_PRECISION_U8_NON_LINEAR;
  }
}

}  // namespace

absl::StatusOr<Target> OpenTarget(ImageId image_id, DrawableId drawable_id, Placement placement) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GimpDrawable * drawable, FindDrawable(drawable_id));
  GimpImage* image = ImageOf(image_id);
  if (image == nullptr) {
    return NotADrawable();
  }
  GimpItem* item = GIMP_ITEM(drawable);
  if (gimp_item_is_group(item)) {
    return GroupRefused();
  }
  if (gimp_image_get_base_type(image) == GIMP_INDEXED) {
    return IndexedRefused();
  }
  Target target;
  target.image = image_id;
  target.drawable = drawable_id;
  target.is_mask = GIMP_IS_CHANNEL(drawable);
  target.layer_name = Text(gimp_item_get_name(item)).get();
  const bool in_place = placement == Placement::kInPlace || target.is_mask;
  if (in_place && IsLocked(drawable)) {
    return Locked(target.layer_name);
  }
  if (!in_place && gimp_image_get_floating_sel(image) != nullptr) {
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
  gimp_drawable_get_offsets(drawable, &x, &y);
  target.image_x = x + target.x;
  target.image_y = y + target.y;
  target.drawable_width = gimp_drawable_get_width(drawable);
  target.drawable_height = gimp_drawable_get_height(drawable);
  target.has_alpha = gimp_drawable_has_alpha(drawable);
  target.image_name = Text(gimp_image_get_name(image)).get();
  target.icc_profile = TravelProfile(drawable);
  const Babl* format = gimp_drawable_get_format(drawable);
  target.travels = TravelFormat(format);
  target.pixel_format = babl_get_name(format);
  if (!gimp_selection_is_empty(image)) {
    target.mask = ReadMask(GIMP_DRAWABLE(gimp_image_get_selection(image)),
                           {target.image_x, target.image_y, target.width, target.height});
  }
  return target;
}

absl::StatusOr<v1::Picture> ReadTarget(const Target& target) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GimpDrawable * drawable, FindDrawable(target.drawable));
  const Buffer buffer(gimp_drawable_get_buffer(drawable));
  return ReadPixels(buffer.get(), AreaOf(target), target.icc_profile);
}

absl::StatusOr<v1::Picture> ReadDrawable(DrawableId id) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GimpDrawable * drawable, FindDrawable(id));
  if (gimp_drawable_is_indexed(drawable)) {
    return IndexedStyleRefused();
  }
  const Buffer buffer(gimp_drawable_get_buffer(drawable));
  return ReadPixels(buffer.get(),
                    {0, 0, gimp_drawable_get_width(drawable), gimp_drawable_get_height(drawable)},
                    TravelProfile(drawable));
}

absl::StatusOr<DrawableId> Apply(const Target& target, const Painting& painting, Placement placement) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(GimpDrawable * drawable, FindUnchanged(target));
  DrawableId painted = target.drawable;
  {
    const UndoGroup group(ImageOf(target.image));
    if (placement == Placement::kInPlace || target.is_mask) {
      IMPASTO_CLIENT_RETURN_IF_ERROR(ApplyInPlace(drawable, target, painting));
    } else {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(painted, ApplyAsLayer(drawable, target, painting));
    }
    AttachParasites(DrawableOf(painted), painting);
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

  GimpImage* image = OpenImageOf(job);
  const bool own = image == nullptr;
  GeglRectangle area = {job.x, job.y, whole.width, whole.height};
  if (own) {
    const bool linear = profile != nullptr && gimp_color_profile_is_linear(profile.get());
    image = gimp_image_new_with_precision(whole.width, whole.height, gray ? GIMP_GRAY : GIMP_RGB,
                                          PrecisionOf(travels, linear));
    if (profile != nullptr) {
      gimp_image_set_color_profile(image, profile.get());
    }
    area = whole;
  }
  GimpDrawable* drawable = nullptr;
  {
    const UndoGroup group(image);
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(GimpLayer * layer,
                                    InsertLayer(image, painting.name.c_str(), area, alpha, nullptr, 0));
    drawable = GIMP_DRAWABLE(layer);
    const Buffer buffer(gimp_drawable_get_buffer(drawable));
    IMPASTO_CLIENT_RETURN_IF_ERROR(WritePixels(painting.picture, space, buffer.get(), whole));
    AttachParasites(drawable, painting);
  }
  gimp_drawable_update(drawable, 0, 0, whole.width, whole.height);
  if (own) {
    gimp_display_new(image);
  }
  gimp_displays_flush();
  return IdOf(drawable);
}

// A parasite of GIMP itself that isn't persistent lasts as long as GIMP runs.
void KeepForSession(const std::string& text) {
  const OwnParasite parasite(
      gimp_parasite_new(kSessionKey, 0, static_cast<guint32>(text.size()), text.data()));
  gimp_attach_parasite(parasite.get());
}

std::string KeptForSession() { return TextOf(OwnParasite(gimp_get_parasite(kSessionKey))); }

std::string Parasite(DrawableId id, const char* name) {
  GimpDrawable* drawable = DrawableOf(id);
  return drawable == nullptr ? "" : TextOf(OwnParasite(gimp_item_get_parasite(GIMP_ITEM(drawable), name)));
}

}  // namespace impasto::gimp
