#include "app/stylize_work.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "app/picture_proto.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

absl::StatusOr<jobs::EncodedPicture> EncodePicture(const Image& image,
                                                   const imaging::EncodeOptions& options) {
  IMPASTO_ASSIGN_OR_RETURN(imaging::Encoded encoded, imaging::Encode(image, options));
  return ToEncodedPicture(std::move(encoded));
}

}  // namespace

StylizeWork::StylizeWork(Options options)
    : model_(std::move(options.model)),
      recipe_(std::move(options.recipe)),
      pictures_(std::move(options.pictures)),
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
  IMPASTO_ASSIGN_OR_RETURN(stylization_, engine::Stylization::Create(model_, recipe_, std::move(pictures_)));
  return absl::OkStatus();
}

absl::StatusOr<v1::Progress> StylizeWork::Step() {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Losses losses, stylization_->Step());
  v1::Progress progress;
  progress.set_iteration(stylization_->evaluations());
  progress.set_iterations(recipe_.iterations);
  progress.set_total_loss(losses.total);
  progress.set_content_loss(losses.content);
  progress.set_style_loss(losses.style);
  progress.set_tv_loss(losses.tv);
  for (const double loss : losses.content_layers) progress.add_content_layer_losses(loss);
  for (const double loss : losses.style_layers) progress.add_style_layer_losses(loss);
  return progress;
}

bool StylizeWork::done() const { return stylization_ != nullptr && stylization_->done(); }

int StylizeWork::iterations_made() const {
  // The last evaluation makes no step.
  return stylization_ == nullptr ? 0 : std::min(stylization_->evaluations(), recipe_.iterations);
}

jobs::PictureMaker StylizeWork::TakePreview() {
  return [image = stylization_->current(), options = preview_] { return EncodePicture(image, options); };
}

jobs::PictureMaker StylizeWork::TakeResult(v1::Result* result) {
  if (stylization_ == nullptr || stylization_->best_evaluation() == 0) {
    return [] {
      return absl::FailedPreconditionError("the job ended before its first step: there is no picture");
    };
  }
  result->set_iteration(stylization_->best_evaluation() - 1);
  result->set_total_loss(stylization_->best_loss());
  return [image = stylization_->best(), original = original_, options = result_]() mutable {
    options.original = &original;
    return EncodePicture(image, options);
  };
}

}  // namespace impasto::app
