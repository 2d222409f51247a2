// What the dialog shows, what can be used in it, and what its buttons do; without a window. For the main
// thread alone, and never blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/paint_job.h"
#include "core/server_watch.h"
#include "core/settings.h"

namespace impasto::gimp {

// A job as the dialog needs it. Destroying it leaves the job to the server; nothing waits.
class RunningJob {
 public:
  virtual ~RunningJob() = default;
  virtual PaintState state() const = 0;
  virtual void ChangeWeights(double content_weight, double style_weight) = 0;
  virtual void Stop() = 0;
  virtual void Cancel() = 0;
  // Blocks for up to `wait`, until the server is told that it was cancelled.
  virtual void WaitUntilTold(absl::Duration wait) = 0;
};

// What the dialog does outside of itself.
struct DialogActions {
  // Errors are for people.
  std::function<absl::StatusOr<std::unique_ptr<RunningJob>>(const Settings& settings,
                                                            const v1::Recipe& recipe)>
      start;
  // The record of a job whose result isn't in the image yet.
  std::function<void(const std::string& job, const Settings& settings)> keep_record;
  std::function<void(const std::string& job)> remove_record;
};

// All that depends on how things are.
struct DialogView {
  bool settings = false;   // style, model, quality, size, placement and server can be chosen
  bool placement = false;  // (a layer mask is painted in place)
  bool strength = false;   // the slider acts on what comes, or on the job that runs
  bool iterations = false;
  bool paint = false;
  bool stop = false;
  bool ok = false;
  bool start_server = false;  // the button is there
  std::string progress;       // a line under the preview
  double fraction = 0;        // 0..1
  bool pulse = false;         // there is no fraction to tell
  std::string losses;         // beside it
  std::string message;        // what went wrong, or is to be known; empty: nothing
  bool message_is_error = false;
  std::string memory;  // what it needs
  bool memory_is_short = false;
};

class DialogModel {
 public:
  enum class End { kOpen, kApply, kCancelled };

  DialogModel(Settings settings, bool in_place_only, DialogActions actions);

  const Settings& settings() const { return settings_; }
  // What the user chose in the window.
  void Choose(Settings settings);
  // To what a first use has, but for the style.
  void Reset();
  void SetServer(ServerStatus status);
  // impastod is installed here.
  void SetCanStartServer(bool can) { can_start_server_ = can; }
  // What the settings of now would need; nullopt: not known.
  void SetForecast(std::optional<v1::EstimateJobResponse> forecast) { forecast_ = std::move(forecast); }
  // Something that went wrong in the window itself; empty: nothing any more.
  void SetError(std::string error) { error_ = std::move(error); }
  // Takes over what the job has come to.
  void Look();

  void Paint();
  void Stop();
  // Applies what is painted, or paints first.
  void Ok();
  void Cancel();
  // Before the program ends: what Cancel() has to tell the server.
  void WaitUntilTold(absl::Duration wait);
  // Tells the running job of the weights if they were changed; true: it was told.
  bool SendWeights();

  End end() const { return end_; }
  bool running() const { return job_ != nullptr && !state_.ended(); }
  const PaintState& state() const { return state_; }
  // With which the picture of state() is painted; the model's name filled in.
  const Settings& painted_with() const { return painted_with_; }
  // That is used; null: the server has none.
  const v1::Model* ChosenModel() const;
  const ServerStatus& server() const { return server_; }
  // For a forecast. Errors are for people.
  absl::StatusOr<v1::Recipe> Recipe() const;
  DialogView view() const;

 private:
  bool done() const { return job_ != nullptr && state_.phase == PaintState::Phase::kDone; }
  // Why it can't be painted now; empty: it can.
  std::string Obstacle() const;
  void DropJob();
  void ShowProgress(DialogView* view) const;
  void ShowMemory(DialogView* view) const;

  Settings settings_;
  const bool in_place_only_;
  const DialogActions actions_;
  ServerStatus server_;
  bool can_start_server_ = false;
  std::optional<v1::EstimateJobResponse> forecast_;
  std::string error_;

  std::unique_ptr<RunningJob> job_;
  PaintState state_;       // of job_
  Settings painted_with_;  // of job_
  v1::Recipe told_;        // the weights that job_ knows of
  std::string recorded_;   // the job's name, once it has a record
  bool apply_when_done_ = false;
  End end_ = End::kOpen;
};

}  // namespace impasto::gimp
