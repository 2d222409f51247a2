// Style pictures on their way from a request to the engine.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "app/style_statistics_cache.h"
#include "engine/style_statistics.h"
#include "imaging/picture.h"
#include "impasto/v1/picture.pb.h"

namespace impasto::app {

struct PreparedStyle {
  engine::StylePicture picture;
  StylePictureId id;  // for StyleStatisticsCache::ForPictures
};

// `picture`: one of InlinePicture's; its long side becomes at most `style_size`, as Picture::Working does it.
// A picture that `cache` knows is decoded only where the run asks for its pixels, and is held until then as
// the file that it is; any other is decoded now, so that a bad one is refused before its job begins. Errors
// as DecodePicture's.
absl::StatusOr<PreparedStyle> PrepareStyle(std::shared_ptr<const v1::Picture> picture, int style_size,
                                           const imaging::Limits& limits, StyleStatisticsCache& cache);

}  // namespace impasto::app
