// The procedures that open a window.
#include <utility>

#include <libgimp/gimp.h>

#include "core/server_watch.h"
#include "core/waiting_jobs.h"
#include "dialog/dialog.h"
#include "flow/flow.h"
#include "flow/last_values.h"
#include "flow/own_files.h"
#include "host/request.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {

absl::StatusOr<Painted> PaintInteractively(ImageId image, DrawableId drawable) {
  // As a new layer: what can't be painted so can't be painted at all.
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const Target target, OpenTarget(image, drawable, Placement::kNewLayer));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Picture content, ReadTarget(target));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string waiting_folder, WaitingFolder());
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string log, ServerLog());
  const WaitingJobs waiting(waiting_folder);
  Preferences preferences = LastValues();

  DialogInput input;
  input.target = &target;
  input.content = std::move(content);
  input.preferences = preferences;
  input.waiting = &waiting;
  input.connect = ConnectOverGrpc(ClientName());
  input.prefix = Prefix();
  input.log_file = log;
  input.show_waiting = [] {
    const absl::Status shown = ShowWaiting();
    if (!shown.ok()) {
      g_message("%s", std::string(shown.message()).c_str());
    }
  };
  const DialogOutcome outcome = RunDialog(std::move(input), &preferences);
  const absl::Status kept = KeepLastValues(preferences);
  if (!kept.ok()) {
    g_message("%s", std::string(kept.message()).c_str());
  }
  if (!outcome.apply) {
    return absl::CancelledError("");
  }

  Painting painting;
  painting.picture = outcome.result.picture;
  painting.name = ResultName(target.layer_name, outcome.settings.style, outcome.recipe);
  painting.recipe_json = ToJson(outcome.recipe);
  painting.settings_json = ToJson(outcome.settings);
  Painted painted;
  // Where this fails, the record of the job stays: the picture is offered again as one that waits.
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(painted.drawable, Apply(target, painting, outcome.settings.placement));
  painted.recipe_json = painting.recipe_json;
  waiting.Remove(outcome.job).IgnoreError();
  return painted;
}

absl::Status ShowRecipe(DrawableId drawable) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string recipe, RecipeOf(drawable));
  RunRecipeDialog(recipe);
  return absl::OkStatus();
}

absl::Status ShowWaiting() {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string folder, WaitingFolder());
  const WaitingJobs waiting(folder);
  const WaitingOutcome outcome = RunWaitingDialog(waiting, ConnectOverGrpc(ClientName()));
  if (!outcome.apply) {
    return absl::OkStatus();
  }
  Painting painting;
  painting.picture = outcome.result.picture;
  painting.name = ResultName(outcome.job.layer, outcome.job.settings.style, outcome.recipe);
  painting.recipe_json = ToJson(outcome.recipe);
  painting.settings_json = ToJson(outcome.job.settings);
  IMPASTO_CLIENT_RETURN_IF_ERROR(ApplyWaiting(outcome.job, painting).status());
  waiting.Remove(outcome.job.job).IgnoreError();
  return absl::OkStatus();
}

}  // namespace impasto::gimp
