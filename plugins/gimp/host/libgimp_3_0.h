// libgimp 3.0 by number: each function is libgimp's of the same name, or of the name that it has since, for
// the object of that number. -1 stands for none. The objects are libgimp's own; none is freed.
#pragma once

#include <cstdint>

#include <libgimp/gimp.h>

#include "host/host.h"

namespace impasto::gimp {

inline GimpImage* ImageOf(ImageId image) { return gimp_image_get_by_id(image); }
inline GimpItem* ItemOf(int32_t item) { return gimp_item_get_by_id(item); }
inline GimpDrawable* DrawableOf(DrawableId drawable) { return GIMP_DRAWABLE(ItemOf(drawable)); }
inline GimpLayer* LayerOf(int32_t layer) { return GIMP_LAYER(ItemOf(layer)); }
inline GimpChannel* ChannelOf(int32_t channel) { return GIMP_CHANNEL(ItemOf(channel)); }
inline GimpLayerMask* LayerMaskOf(int32_t mask) { return GIMP_LAYER_MASK(ItemOf(mask)); }
inline int32_t IdOf(gpointer item) { return item == nullptr ? -1 : gimp_item_get_id(GIMP_ITEM(item)); }

// Images.
inline bool gimp_image_is_valid(ImageId image) { return gimp_image_id_is_valid(image); }
inline int gimp_image_width(ImageId image) { return gimp_image_get_width(ImageOf(image)); }
inline int gimp_image_height(ImageId image) { return gimp_image_get_height(ImageOf(image)); }
inline gchar* gimp_image_get_name(ImageId image) { return ::gimp_image_get_name(ImageOf(image)); }
inline GimpImageBaseType gimp_image_base_type(ImageId image) {
  return gimp_image_get_base_type(ImageOf(image));
}
inline GimpColorProfile* gimp_image_get_effective_color_profile(ImageId image) {
  return ::gimp_image_get_effective_color_profile(ImageOf(image));
}
inline bool gimp_image_set_color_profile(ImageId image, GimpColorProfile* profile) {
  return ::gimp_image_set_color_profile(ImageOf(image), profile);
}
inline int32_t gimp_image_get_floating_sel(ImageId image) {
  return IdOf(::gimp_image_get_floating_sel(ImageOf(image)));
}
inline int32_t gimp_image_get_selection(ImageId image) {
  return IdOf(::gimp_image_get_selection(ImageOf(image)));
}
inline GimpLayerMode gimp_image_get_default_new_layer_mode(ImageId image) {
  return ::gimp_image_get_default_new_layer_mode(ImageOf(image));
}
inline int gimp_image_get_item_position(ImageId image, int32_t item) {
  return ::gimp_image_get_item_position(ImageOf(image), ItemOf(item));
}
inline bool gimp_image_insert_layer(ImageId image, int32_t layer, int32_t parent, int position) {
  return ::gimp_image_insert_layer(ImageOf(image), LayerOf(layer), parent > 0 ? LayerOf(parent) : nullptr,
                                   position);
}
inline bool gimp_image_undo_group_start(ImageId image) {
  return ::gimp_image_undo_group_start(ImageOf(image));
}
inline bool gimp_image_undo_group_end(ImageId image) { return ::gimp_image_undo_group_end(ImageOf(image)); }
inline void gimp_display_new(ImageId image) { ::gimp_display_new(ImageOf(image)); }

// Selections.
inline bool gimp_selection_is_empty(ImageId image) { return ::gimp_selection_is_empty(ImageOf(image)); }
inline bool gimp_selection_none(ImageId image) { return ::gimp_selection_none(ImageOf(image)); }
inline bool gimp_image_select_rectangle(ImageId image, GimpChannelOps operation, double x, double y,
                                        double width, double height) {
  return ::gimp_image_select_rectangle(ImageOf(image), operation, x, y, width, height);
}
inline int32_t gimp_channel_copy(int32_t channel) { return IdOf(::gimp_channel_copy(ChannelOf(channel))); }
inline bool gimp_channel_combine_masks(int32_t channel, int32_t with, GimpChannelOps operation, int x,
                                       int y) {
  return ::gimp_channel_combine_masks(ChannelOf(channel), ChannelOf(with), operation, x, y);
}

// Items.
inline bool gimp_item_is_valid(int32_t item) { return gimp_item_id_is_valid(item); }
inline bool gimp_item_is_drawable(int32_t item) { return gimp_item_id_is_drawable(item); }
inline bool gimp_item_is_channel(int32_t item) { return gimp_item_id_is_channel(item); }
inline bool gimp_item_is_layer_mask(int32_t item) { return gimp_item_id_is_layer_mask(item); }
inline bool gimp_item_is_selection(int32_t item) { return gimp_item_id_is_selection(item); }
inline bool gimp_item_is_group(int32_t item) { return ::gimp_item_is_group(ItemOf(item)); }
inline bool gimp_item_get_lock_content(int32_t item) { return ::gimp_item_get_lock_content(ItemOf(item)); }
inline gchar* gimp_item_get_name(int32_t item) { return ::gimp_item_get_name(ItemOf(item)); }
inline ImageId gimp_item_get_image(int32_t item) {
  return gimp_image_get_id(::gimp_item_get_image(ItemOf(item)));
}
inline int32_t gimp_item_get_parent(int32_t item) { return IdOf(::gimp_item_get_parent(ItemOf(item))); }
inline bool gimp_item_delete(int32_t item) { return ::gimp_item_delete(ItemOf(item)); }
inline bool gimp_item_attach_parasite(int32_t item, const GimpParasite* parasite) {
  return ::gimp_item_attach_parasite(ItemOf(item), parasite);
}
inline GimpParasite* gimp_item_get_parasite(int32_t item, const char* name) {
  return ::gimp_item_get_parasite(ItemOf(item), name);
}

// Drawables.
inline int gimp_drawable_width(DrawableId drawable) { return gimp_drawable_get_width(DrawableOf(drawable)); }
inline int gimp_drawable_height(DrawableId drawable) {
  return gimp_drawable_get_height(DrawableOf(drawable));
}
inline bool gimp_drawable_offsets(DrawableId drawable, int* x, int* y) {
  return gimp_drawable_get_offsets(DrawableOf(drawable), x, y);
}
inline bool gimp_drawable_has_alpha(DrawableId drawable) {
  return ::gimp_drawable_has_alpha(DrawableOf(drawable));
}
inline bool gimp_drawable_is_indexed(DrawableId drawable) {
  return ::gimp_drawable_is_indexed(DrawableOf(drawable));
}
inline const Babl* gimp_drawable_get_format(DrawableId drawable) {
  return ::gimp_drawable_get_format(DrawableOf(drawable));
}
inline GeglBuffer* gimp_drawable_get_buffer(DrawableId drawable) {
  return ::gimp_drawable_get_buffer(DrawableOf(drawable));
}
inline GeglBuffer* gimp_drawable_get_shadow_buffer(DrawableId drawable) {
  return ::gimp_drawable_get_shadow_buffer(DrawableOf(drawable));
}
inline bool gimp_drawable_merge_shadow(DrawableId drawable, gboolean undo) {
  return ::gimp_drawable_merge_shadow(DrawableOf(drawable), undo);
}
inline bool gimp_drawable_update(DrawableId drawable, int x, int y, int width, int height) {
  return ::gimp_drawable_update(DrawableOf(drawable), x, y, width, height);
}
inline bool gimp_drawable_mask_intersect(DrawableId drawable, int* x, int* y, int* width, int* height) {
  return ::gimp_drawable_mask_intersect(DrawableOf(drawable), x, y, width, height);
}

// Layers and their masks.
inline int32_t gimp_layer_new(ImageId image, const char* name, int width, int height, GimpImageType type,
                              double opacity, GimpLayerMode mode) {
  return IdOf(::gimp_layer_new(ImageOf(image), name, width, height, type, opacity, mode));
}
inline bool gimp_layer_set_offsets(int32_t layer, int x, int y) {
  return ::gimp_layer_set_offsets(LayerOf(layer), x, y);
}
inline int32_t gimp_layer_get_mask(int32_t layer) { return IdOf(::gimp_layer_get_mask(LayerOf(layer))); }
inline bool gimp_layer_get_apply_mask(int32_t layer) { return ::gimp_layer_get_apply_mask(LayerOf(layer)); }
inline int32_t gimp_layer_create_mask(int32_t layer, GimpAddMaskType type) {
  return IdOf(::gimp_layer_create_mask(LayerOf(layer), type));
}
inline bool gimp_layer_add_mask(int32_t layer, int32_t mask) {
  return ::gimp_layer_add_mask(LayerOf(layer), LayerMaskOf(mask));
}
inline int32_t gimp_layer_from_mask(int32_t mask) { return IdOf(::gimp_layer_from_mask(LayerMaskOf(mask))); }

// GIMP 2.10's names of what are curves for the eye.
inline constexpr GimpPrecision GIMP_PRECISION_U8_GAMMA = GIMP_PRECISION_U8_NON_LINEAR;
inline constexpr GimpPrecision GIMP_PRECISION_U16_GAMMA = GIMP_PRECISION_U16_NON_LINEAR;
inline constexpr GimpPrecision GIMP_PRECISION_FLOAT_GAMMA = GIMP_PRECISION_FLOAT_NON_LINEAR;

}  // namespace impasto::gimp
