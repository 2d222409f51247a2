// What the rest of the plug-in knows of GIMP: the same for 2.10 and 3.0. Images and drawables go by GIMP's
// own numbers. For the main thread alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/settings.h"
#include "core/waiting_jobs.h"
#include "impasto/picture.h"

namespace impasto::gimp {

using ImageId = int32_t;
using DrawableId = int32_t;

// The part of a drawable that is painted: what the selection's bounds and the drawable have in common.
struct Target {
  ImageId image = -1;
  DrawableId drawable = -1;
  int x = 0;  // in the drawable
  int y = 0;
  int width = 0;
  int height = 0;
  int image_x = 0;  // in the image
  int image_y = 0;
  int drawable_width = 0;
  int drawable_height = 0;
  bool has_alpha = false;
  bool is_mask = false;    // a layer mask or channel: painted in place only
  std::string image_name;  // for people
  std::string layer_name;
  std::string icc_profile;  // what the pixels' values mean
  v1::PixelFormat travels = v1::PIXEL_FORMAT_UNSPECIFIED;
  std::string pixel_format;  // Babl's name of the drawable's own
  // The selection within the area, width x height; empty: all of it, fully. Taken when the job starts: what
  // the user selects later doesn't matter.
  std::vector<uint8_t> mask;
};

// For people, with what to do: an indexed image, a group, nothing selected within the layer, an area under
// 16 pixels, a locked layer (in place).
absl::StatusOr<Target> OpenTarget(ImageId image, DrawableId drawable, Placement placement);
// Its pixels.
absl::StatusOr<v1::Picture> ReadTarget(const Target& target);
// Any open drawable whole, as a style.
absl::StatusOr<v1::Picture> ReadDrawable(DrawableId drawable);

struct Painting {
  ReceivedPicture picture;    // raw, target.travels, of the target's size
  std::string name;           // the new layer's: "Photo (Starry Night, vgg19)"
  std::string recipe_json;    // kept as the parasite kRecipeParasite
  std::string settings_json;  // kept as the parasite kSettingsParasite, for Repeat
};
inline constexpr char kRecipeParasite[] = "impasto-recipe";
inline constexpr char kSettingsParasite[] = "impasto-settings";

// Puts a picture into the image, as one undo step. In place: blended by the mask, alpha as it was. As a new
// layer: above the target, in its group, with the mask as layer mask and the target's alpha. Returns the
// drawable that has the picture. NOT_FOUND: the layer or the image is gone, or has another size or pixel
// format; nothing was changed.
absl::StatusOr<DrawableId> Apply(const Target& target, const Painting& painting, Placement placement);
// As an image of its own, or as a layer of an open image of the recorded file and size. Shown to the user.
absl::StatusOr<DrawableId> ApplyWaiting(const WaitingJob& job, const Painting& painting);

// Kept by GIMP until it is closed, and what is kept, or "".
void KeepForSession(const std::string& text);
std::string KeptForSession();

// The path of an image's file; empty: never saved.
std::string ImageFile(ImageId image);

// A drawable's parasite, or "".
std::string Parasite(DrawableId drawable, const char* name);

}  // namespace impasto::gimp
