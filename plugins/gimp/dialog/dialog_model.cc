#include "dialog/dialog_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "core/text.h"
#include "core/words.h"

namespace impasto::gimp {
namespace {

using Phase = PaintState::Phase;
using Light = ServerStatus::Light;

std::string ShortName(const v1::Model& model) {
  return std::string(absl::StripPrefix(model.name(), "models/"));
}

// No more exact than it can be.
absl::Duration Rounded(absl::Duration remaining) {
  const absl::Duration unit = remaining > absl::Seconds(90)   ? absl::Minutes(1)
                              : remaining > absl::Seconds(20) ? absl::Seconds(10)
                                                              : absl::Seconds(1);
  return absl::Ceil(remaining, unit);
}

std::string PaintingWords(const PaintState& state) {
  const std::string steps = absl::Substitute(_("Iteration $0 of $1"), state.iteration, state.iterations);
  if (!state.remaining.has_value()) {
    return steps;
  }
  return absl::StrCat(steps, ", ", absl::Substitute(_("about $0 left"), Words(Rounded(*state.remaining))));
}

std::string WaitingWords(int jobs_ahead) {
  if (jobs_ahead == 0) {
    return _("The server prepares the painting");
  }
  return absl::Substitute(dngettext(IMPASTO_GETTEXT_DOMAIN, "Waiting: $0 other picture is painted first",
                                    "Waiting: $0 other pictures are painted first", jobs_ahead),
                          jobs_ahead);
}

bool SameWeights(const v1::Recipe& a, const v1::Recipe& b) {
  return a.content_weight() == b.content_weight() && a.style_weight() == b.style_weight();
}

}  // namespace

DialogModel::DialogModel(Settings settings, bool in_place_only, DialogActions actions)
    : settings_(std::move(settings)), in_place_only_(in_place_only), actions_(std::move(actions)) {
  if (in_place_only_) {
    settings_.placement = Placement::kInPlace;
  }
}

void DialogModel::Choose(Settings settings) {
  settings_ = std::move(settings);
  if (in_place_only_) {
    settings_.placement = Placement::kInPlace;
  }
  error_.clear();
}

void DialogModel::Reset() {
  Settings fresh;
  fresh.style = settings_.style;
  Choose(std::move(fresh));
}

void DialogModel::SetServer(ServerStatus status) { server_ = std::move(status); }

const v1::Model* DialogModel::ChosenModel() const {
  for (const v1::Model& model : server_.models) {
    if (ShortName(model) == settings_.model) {
      return &model;
    }
  }
  return server_.models.empty() ? nullptr : &server_.models.front();
}

absl::StatusOr<v1::Recipe> DialogModel::Recipe() const {
  const v1::Model* const model = ChosenModel();
  if (model == nullptr) {
    return absl::UnavailableError(server_.words);
  }
  Settings settings = settings_;
  settings.model = ShortName(*model);
  return MakeRecipe(settings, model->default_recipe());
}

std::string DialogModel::Obstacle() const {
  if (settings_.style.kind == Style::Kind::kNone) {
    return _("Choose a style: a picture whose manner is to be painted in.");
  }
  if (server_.light != Light::kReady) {
    return _("There is no server to paint on yet");  // its own box says more
  }
  return std::string(Recipe().status().message());
}

void DialogModel::Paint() {
  if (running() || !Obstacle().empty()) {
    return;
  }
  DropJob();
  error_.clear();
  told_ = *Recipe();
  painted_with_ = settings_;
  painted_with_.model = ShortName(*ChosenModel());
  state_ = PaintState();
  absl::StatusOr<std::unique_ptr<RunningJob>> job = actions_.start(painted_with_, told_);
  if (!job.ok()) {
    error_ = std::string(job.status().message());
    return;
  }
  job_ = *std::move(job);
  Look();
}

void DialogModel::DropJob() {
  if (job_ == nullptr) {
    return;
  }
  // Nobody will want its picture: the server needn't keep it.
  job_->Cancel();
  job_.reset();
  if (!recorded_.empty()) {
    actions_.remove_record(std::exchange(recorded_, ""));
  }
}

void DialogModel::Look() {
  if (job_ == nullptr || end_ != End::kOpen) {
    return;
  }
  state_ = job_->state();
  if (recorded_.empty() && !state_.job.empty() && !state_.ended()) {
    recorded_ = state_.job;
    actions_.keep_record(recorded_, painted_with_);
  }
  if (!state_.ended()) {
    return;
  }
  if (state_.phase == Phase::kDone) {
    if (apply_when_done_) {
      end_ = End::kApply;
    }
    return;
  }
  apply_when_done_ = false;
  // One whose server went away may have gone on there: it stays among those that wait.
  const bool may_go_on = state_.phase == Phase::kFailed && absl::IsUnavailable(state_.status);
  if (!recorded_.empty() && !may_go_on) {
    actions_.remove_record(recorded_);
  }
  recorded_.clear();
}

void DialogModel::Stop() {
  if (running()) {
    job_->Stop();
    Look();
  }
}

void DialogModel::Ok() {
  if (done()) {
    end_ = End::kApply;
    return;
  }
  Paint();
  if (running()) {
    apply_when_done_ = true;
  }
  Look();
}

void DialogModel::Cancel() {
  end_ = End::kCancelled;
  if (job_ != nullptr) {
    job_->Cancel();
  }
  if (!recorded_.empty()) {
    actions_.remove_record(std::exchange(recorded_, ""));
  }
}

void DialogModel::WaitUntilTold(absl::Duration wait) {
  if (job_ != nullptr) {
    job_->WaitUntilTold(wait);
  }
}

bool DialogModel::SendWeights() {
  const v1::Model* const model = ChosenModel();
  if (!running() || model == nullptr) {
    return false;
  }
  const absl::StatusOr<v1::Recipe> recipe = Recipe();
  if (!recipe.ok() || SameWeights(*recipe, told_)) {
    return false;
  }
  told_ = *recipe;
  painted_with_.strength = settings_.strength;
  painted_with_.content_weight = settings_.content_weight;
  painted_with_.style_weight = settings_.style_weight;
  job_->ChangeWeights(
      recipe->has_content_weight() ? recipe->content_weight() : model->default_recipe().content_weight(),
      recipe->style_weight());
  return true;
}

void DialogModel::ShowProgress(DialogView* view) const {
  const std::string obstacle = Obstacle();
  if (job_ == nullptr) {
    view->progress = obstacle.empty() ? _("Paint shows how it will look") : obstacle;
    return;
  }
  if (state_.iterations > 0) {
    view->fraction = std::clamp(static_cast<double>(state_.iteration) / state_.iterations, 0.0, 1.0);
  }
  switch (state_.phase) {
    case Phase::kSending:
      view->progress = _("Sending the pictures");
      view->pulse = true;
      break;
    case Phase::kWaiting:
      view->progress = WaitingWords(state_.jobs_ahead);
      view->pulse = state_.iteration == 0;
      break;
    case Phase::kPainting:
      view->progress = PaintingWords(state_);
      break;
    case Phase::kReconnecting:
      view->progress = _("The connection is lost; trying again");
      break;
    case Phase::kStopping:
      view->progress = _("Stopping with the best picture so far");
      break;
    case Phase::kDone:
      view->progress = absl::Substitute(dngettext(IMPASTO_GETTEXT_DOMAIN, "Done after $0 iteration",
                                                  "Done after $0 iterations", state_.iteration),
                                        state_.iteration);
      view->fraction = 1;
      break;
    case Phase::kCancelled:
      view->progress = _("The job was cancelled at the server.");
      break;
    case Phase::kFailed:
      view->progress = _("The painting wasn't finished");
      break;
  }
  if (state_.iteration > 0) {
    view->losses = absl::Substitute(_("Loss $0"), absl::StrFormat("%.3g", state_.total_loss));
  }
}

void DialogModel::ShowMemory(DialogView* view) const {
  if (!forecast_.has_value() || server_.light != Light::kReady) {
    return;
  }
  const v1::MemoryForecast& memory = forecast_->memory();
  view->memory = absl::Substitute(_("Needs about $0"), ByteWords(memory.peak_bytes()));
  view->memory_is_short = memory.budget_bytes() > 0 && memory.peak_bytes() > memory.budget_bytes();
  if (!view->memory_is_short) {
    return;
  }
  absl::StrAppend(&view->memory, "; ",
                  absl::Substitute(_("the server has $0."), ByteWords(memory.budget_bytes())));
  if (memory.largest_max_size() > 0) {
    absl::StrAppend(&view->memory, " ",
                    absl::Substitute(_("A size of $0 pixels would fit."), memory.largest_max_size()));
  }
}

DialogView DialogModel::view() const {
  DialogView view;
  const bool free = !running();
  view.settings = free;
  view.placement = free && !in_place_only_;
  view.strength = !settings_.style_weight.has_value();
  view.iterations = free && settings_.quality == Quality::kIterations;
  const bool can_paint = free && Obstacle().empty();
  view.paint = can_paint;
  view.stop = !free && state_.phase != Phase::kStopping;
  view.ok = done() || can_paint || (!free && !apply_when_done_);
  view.start_server = server_.nobody_there && can_start_server_ && free;
  ShowProgress(&view);
  ShowMemory(&view);
  if (job_ != nullptr && state_.phase == Phase::kFailed) {
    view.message = Explain(state_.status, server_.address);
    view.message_is_error = true;
  } else if (!error_.empty()) {
    view.message = error_;
    view.message_is_error = true;
  } else if (job_ != nullptr && !state_.change_refused.empty()) {
    view.message = state_.change_refused;
    view.message_is_error = true;
  } else if (job_ != nullptr) {
    view.message = absl::StrJoin(state_.warnings, "\n");
  }
  return view;
}

}  // namespace impasto::gimp
