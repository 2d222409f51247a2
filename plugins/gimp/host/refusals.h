// Why a drawable can't be painted, or a picture not be put into an image, in the same words for every GIMP.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace impasto::gimp {

// The shortest side that is painted, pixels.
inline constexpr int kSmallestSide = 16;

absl::Status NotADrawable();
absl::Status GroupRefused();
absl::Status IndexedRefused();
// Of the style's image.
absl::Status IndexedStyleRefused();
absl::Status FloatingSelectionRefused();
absl::Status NothingSelected();
absl::Status TooSmall(int width, int height);
absl::Status Locked(const std::string& layer);
// When the picture is there. NOT_FOUND.
absl::Status ImageGone();
absl::Status LayerChanged(const std::string& layer);
// What GIMP itself refused, and its words.
absl::Status HostRefused(const char* words);

}  // namespace impasto::gimp
