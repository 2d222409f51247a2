#include "app/stylize_work.h"

#include <malloc.h>

#include <utility>

#include "app/picture_proto.h"
#include "base/resample.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

// `size` is the working size: a picture of a coarse level is enlarged to it.
absl::StatusOr<jobs::EncodedPicture> EncodePicture(const Image& image, const Size& size,
                                                   const imaging::EncodeOptions& options) {
  IMPASTO_ASSIGN_OR_RETURN(imaging::Encoded encoded,
                           image.width == size.width && image.height == size.height
                               ? imaging::Encode(image, options)
                               : imaging::Encode(Resampled(image, size.width, size.height), options));
  return ToEncodedPicture(std::move(encoded));
}

}  // namespace

StylizeWork::StylizeWork(Options options)
    : model_(std::move(options.model)),
      recipe_(std::move(options.recipe)),
      pictures_(std::move(options.pictures)),
      size_{pictures_->content.width, pictures_->content.height},
      original_(std::move(options.original)),
      result_(options.result),
      preview_(options.preview) {}

StylizeWork::~StylizeWork() {
  stylization_.reset();
  model_.reset();
  // A job's buffers are large and of many sizes. Without this the free lists keep more of them with every
  // job, and resident memory creeps up.
  malloc_trim(0);
}

absl::Status StylizeWork::Start() {
  IMPASTO_ASSIGN_OR_RETURN(stylization_, engine::Stylization::Create(model_, recipe_, pictures_));
  return absl::OkStatus();
}

absl::StatusOr<v1::Progress> StylizeWork::Step() {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Losses losses, stylization_->Step());
  v1::Progress progress;
  progress.set_iteration(stylization_->evaluations());
  progress.set_iterations(stylization_->planned_steps());
  progress.set_level(losses.level);
  progress.set_levels(stylization_->levels());
  progress.set_total_loss(losses.total);
  progress.set_content_loss(losses.content);
  progress.set_style_loss(losses.style);
  progress.set_tv_loss(losses.tv);
  for (const double loss : losses.content_layers) progress.add_content_layer_losses(loss);
  for (const double loss : losses.style_layers) progress.add_style_layer_losses(loss);
  return progress;
}

bool StylizeWork::done() const { return stylization_ != nullptr && stylization_->done(); }

int StylizeWork::iterations_made() const { return stylization_ == nullptr ? 0 : stylization_->steps(); }

double StylizeWork::remaining_steps() const {
  return stylization_ == nullptr ? 0 : stylization_->remaining_evaluations();
}

jobs::PictureMaker StylizeWork::TakePreview() {
  return [image = stylization_->current(), size = size_, options = preview_] {
    return EncodePicture(image, size, options);
  };
}

jobs::PictureMaker StylizeWork::TakeResult(v1::Result* result) {
  if (stylization_ == nullptr || stylization_->best_evaluation() == 0) {
    return [] {
      return absl::FailedPreconditionError("the job ended before its first step: there is no picture");
    };
  }
  result->set_iteration(stylization_->best_evaluation() - 1);
  result->set_total_loss(stylization_->best_loss());
  result->set_level(stylization_->best_level());
  return [image = stylization_->best(), size = size_, original = original_, options = result_]() mutable {
    options.original = &original;
    return EncodePicture(image, size, options);
  };
}

}  // namespace impasto::app
