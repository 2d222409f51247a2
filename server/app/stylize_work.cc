#include "app/stylize_work.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/picture_proto.h"
#include "app/recipe_proto.h"
#include "base/field_error.h"
#include "base/length_prefix.h"
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

// A job's buffers are large and of many sizes. Without this the free lists keep more of them with every job,
// and resident memory creeps up.
void GiveBackFreedMemory() { malloc_trim(0); }

// Execution is a handful of words; a length beyond this is none.
constexpr uint32_t kMaxHeaderBytes = 4096;

}  // namespace

absl::StatusOr<Checkpoint> ReadCheckpoint(std::istream& in) {
  const absl::StatusOr<std::string> header = ReadWithLength(in, kMaxHeaderBytes);
  v1::Execution execution;
  if (!header.ok() || !execution.ParseFromString(*header)) return absl::DataLossError("it is no checkpoint");
  IMPASTO_ASSIGN_OR_RETURN(engine::RunState state, engine::ReadRunState(in));
  return Checkpoint{.execution = ExecutionFromProto(execution), .state = std::move(state)};
}

StylizeWork::StylizeWork(Options options)
    : model_(std::move(options.model)),
      recipe_(std::move(options.recipe)),
      pictures_(std::move(options.pictures)),
      statistics_(std::move(options.statistics)),
      size_{pictures_->content.width, pictures_->content.height},
      original_(std::move(options.original)),
      result_(options.result),
      state_(std::move(options.state)) {}

StylizeWork::~StylizeWork() {
  stylization_.reset();
  GiveBackFreedMemory();
}

absl::Status StylizeWork::Start() {
  // The state stays until there is a run: its best picture is the result of a job that can't go on.
  IMPASTO_ASSIGN_OR_RETURN(
      stylization_, state_ ? engine::Stylization::Restore(model_, recipe_, pictures_, *state_, statistics_)
                           : engine::Stylization::Create(model_, recipe_, pictures_, statistics_));
  state_.reset();
  return absl::OkStatus();
}

void StylizeWork::SetAside() {
  if (stylization_ == nullptr) return;
  recipe_.changes = AllChanges();
  state_ = stylization_->SaveState();
  stylization_.reset();
  GiveBackFreedMemory();
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

bool StylizeWork::done() const {
  return stylization_ != nullptr ? stylization_->done() : state_ && state_->done;
}

int StylizeWork::iterations_made() const {
  return stylization_ != nullptr ? stylization_->steps() : state_ ? state_->steps : 0;
}

double StylizeWork::remaining_steps() const {
  return stylization_ == nullptr ? 0 : stylization_->remaining_evaluations();
}

std::vector<engine::RecipeChange> StylizeWork::AllChanges() const {
  if (stylization_ == nullptr) return recipe_.changes;
  std::vector<engine::RecipeChange> changes = stylization_->changes();
  const std::vector<engine::RecipeChange>& planned = stylization_->recipe().changes;
  changes.insert(changes.end(), planned.begin(), planned.end());
  return changes;
}

absl::Status StylizeWork::Change(v1::RecipeChange* change) {
  change->set_iteration(iterations_made());
  engine::RecipeChange wanted = RecipeChangeFromProto(*change);
  return InField("recipe", stylization_ != nullptr ? stylization_->Change(std::move(wanted))
                                                   : ChangeLater(std::move(wanted)));
}

// The run isn't there to be asked. What it would say is found out here; it finds the change in its recipe.
absl::Status StylizeWork::ChangeLater(engine::RecipeChange change) {
  if (recipe_.changes.size() >= engine::kMaxRecipeChanges) {
    return absl::ResourceExhaustedError(absl::StrCat("changes: a job takes ", engine::kMaxRecipeChanges));
  }
  const size_t weights = change.style_picture_weights.size();
  if (weights != 0 && weights != pictures_->styles.size()) {
    return FieldError("style_picture_weights", absl::StrCat("there are ", weights, " weights for ",
                                                            pictures_->styles.size(), " style pictures"));
  }
  std::vector<engine::RecipeChange> changes = recipe_.changes;
  const auto place =
      std::upper_bound(changes.begin(), changes.end(), change.steps,
                       [](int steps, const engine::RecipeChange& c) { return steps < c.steps; });
  changes.insert(place, std::move(change));
  engine::Recipe changed = recipe_;
  changed.changes.clear();
  for (const engine::RecipeChange& each : changes) {
    IMPASTO_RETURN_IF_ERROR(engine::ApplyChange(each, &changed));
    IMPASTO_RETURN_IF_ERROR(engine::ValidateRecipe(changed, model_->graph()));
  }
  recipe_.changes = std::move(changes);
  return absl::OkStatus();
}

void StylizeWork::SetPreview(const v1::PreviewOptions& preview) { preview_ = PreviewEncodeOptions(preview); }

v1::Recipe StylizeWork::recipe() const {
  engine::Recipe in_force = recipe_;
  if (stylization_ != nullptr) {
    in_force = stylization_->recipe();
  } else {
    const int steps = iterations_made();
    for (const engine::RecipeChange& change : recipe_.changes) {
      // Each was looked at when it came.
      if (change.steps <= steps) engine::ApplyChange(change, &in_force).IgnoreError();
    }
  }
  in_force.changes.clear();
  v1::Recipe proto = RecipeToProto(in_force);
  *proto.mutable_execution() = ExecutionToProto(model_->executor().execution());
  return proto;
}

v1::Recipe StylizeWork::original_recipe() const {
  engine::Recipe original = recipe_;
  original.changes = AllChanges();
  v1::Recipe proto = RecipeToProto(original);
  *proto.mutable_execution() = ExecutionToProto(model_->executor().execution());
  return proto;
}

jobs::PictureMaker StylizeWork::TakePreview() {
  return [image = stylization_->current(), size = size_, options = preview_] {
    return EncodePicture(image, size, options);
  };
}

jobs::PictureMaker StylizeWork::TakeResult(v1::Result* result) {
  std::shared_ptr<const Image> best;
  if (stylization_ != nullptr && stylization_->best_evaluation() > 0) {
    best = std::make_shared<const Image>(stylization_->best());
    result->set_iteration(stylization_->best_evaluation() - 1);
    result->set_total_loss(stylization_->best_loss());
    result->set_level(stylization_->best_level());
  } else if (stylization_ == nullptr && state_ && state_->best_evaluation > 0) {
    best = state_->best;
    result->set_iteration(state_->best_evaluation - 1);
    result->set_total_loss(state_->best_loss);
    result->set_level(state_->best_level);
  }
  if (best == nullptr) {
    return [] {
      return absl::FailedPreconditionError("the job ended before its first step: there is no picture");
    };
  }
  return [best, size = size_, original = original_, options = result_]() mutable {
    options.original = &original;
    return EncodePicture(*best, size, options);
  };
}

jobs::ByteWriter StylizeWork::TakeCheckpoint() {
  auto state = std::make_shared<const engine::RunState>(stylization_ != nullptr ? stylization_->SaveState()
                                                        : state_                ? *state_
                                                                                : engine::RunState());
  std::string header = ExecutionToProto(model_->executor().execution()).SerializeAsString();
  return [state, header = std::move(header)](const jobs::ByteSink& sink) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(sink(WithLength(header)));
    return engine::WriteRunState(*state, sink);
  };
}

}  // namespace impasto::app
