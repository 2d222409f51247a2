// What the plug-in's procedures do, for both GIMPs: the entry points (gimp2/, gimp3/) translate GIMP's
// arguments into these, and what they return into GIMP's.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/preferences.h"
#include "host/host.h"

namespace impasto::gimp {

// A job's end for a caller.
struct Painted {
  DrawableId drawable = -1;  // that has the picture
  std::string recipe_json;
};

// CANCELLED: the user did; everything else is an error for people.
absl::StatusOr<Painted> PaintInteractively(ImageId image, DrawableId drawable);
// With these settings, without a window; progress goes to GIMP's bar. Preferences aren't touched.
absl::StatusOr<Painted> Paint(ImageId image, DrawableId drawable, const Settings& settings,
                              const ServerSettings& server);
// With the last settings of the user (run mode WITH_LAST_VALS), or with those that the layer was painted with
// where it has them (Repeat).
absl::StatusOr<Painted> PaintAgain(ImageId image, DrawableId drawable, bool from_layer);
// NOT_FOUND, for people: the layer wasn't painted by Impasto.
absl::StatusOr<std::string> RecipeOf(DrawableId drawable);
absl::Status ShowRecipe(DrawableId drawable);
absl::Status ShowWaiting();
// "1 result is waiting ...", or "" where none is. Asks no server; a moment.
std::string WaitingMessage();

}  // namespace impasto::gimp
