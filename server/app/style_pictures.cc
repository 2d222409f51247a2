#include "app/style_pictures.h"

#include <utility>

#include "app/request_picture.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

// The pixels of a picture, decoded when they are asked for first. Thread-safe.
class Pixels {
 public:
  Pixels(std::shared_ptr<const v1::Picture> picture, int style_size, const imaging::Limits& limits)
      : style_size_(style_size), limits_(limits), picture_(std::move(picture)) {}

  absl::StatusOr<std::shared_ptr<const Image>> Get() {
    MutexLock lock(&mutex_);
    if (image_ != nullptr) return image_;
    IMPASTO_ASSIGN_OR_RETURN(const imaging::Picture decoded, DecodePicture(*picture_, limits_));
    IMPASTO_ASSIGN_OR_RETURN(Image image, decoded.Working(style_size_));
    image_ = std::make_shared<const Image>(std::move(image));
    picture_.reset();
    return image_;
  }

 private:
  const int style_size_;
  const imaging::Limits limits_;
  Mutex mutex_;
  std::shared_ptr<const v1::Picture> picture_ ABSL_GUARDED_BY(mutex_);  // until `image_` is there
  std::shared_ptr<const Image> image_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<PreparedStyle> PrepareStyle(std::shared_ptr<const v1::Picture> picture, int style_size,
                                           const imaging::Limits& limits, StyleStatisticsCache& cache) {
  IMPASTO_ASSIGN_OR_RETURN(const Size whole, PictureSize(*picture, limits));
  const Size size = FitWithin(whole, style_size);
  const std::string sha256 = PictureSha256(*picture);
  const auto pixels = std::make_shared<Pixels>(std::move(picture), style_size, limits);
  if (!cache.Knows(sha256)) IMPASTO_RETURN_IF_ERROR(pixels->Get().status());
  return PreparedStyle{.picture = engine::StylePicture(size, [pixels] { return pixels->Get(); }),
                       .id = {sha256, size}};
}

}  // namespace impasto::app
