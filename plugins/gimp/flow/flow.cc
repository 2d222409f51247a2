#include "flow/flow.h"

#include <utility>

#include <libgimp/gimp.h>

#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "core/paint_job.h"
#include "core/text.h"
#include "core/waiting_jobs.h"
#include "core/words.h"
#include "flow/last_values.h"
#include "flow/own_files.h"
#include "flow/ready_server.h"
#include "host/request.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

// No call to GIMP's main loop comes for so long.
constexpr absl::Duration kTick = absl::Milliseconds(100);
// Nobody sees it; the server makes none that are never asked for.
constexpr int kPreviewSize = 64;

void ShowProgress(const PaintState& state) {
  switch (state.phase) {
    case PaintState::Phase::kSending:
      gimp_progress_set_text(_("Sending the pictures"));
      break;
    case PaintState::Phase::kWaiting:
      gimp_progress_set_text(_("Waiting for the server"));
      break;
    case PaintState::Phase::kReconnecting:
      gimp_progress_set_text(_("The connection is lost; trying again"));
      break;
    default:
      gimp_progress_set_text(_("Painting the picture"));
  }
  if (state.iterations > 0) {
    gimp_progress_update(static_cast<double>(state.iteration) / state.iterations);
  } else {
    gimp_progress_pulse();
  }
}

// Paints, and returns the last state. GIMP's own cancel button ends this program without a word: then nobody
// watches the job any more, and since it isn't detached, the server cancels it after its --orphan-grace.
absl::StatusOr<PaintState> PaintOn(const ReadyServer& server, v1::StylizeRequest request) {
  PaintJob job(server.client, std::move(request), kPreviewSize, [] {});
  while (!job.WaitUntilEnded(kTick)) {
    ShowProgress(job.state());
  }
  PaintState state = job.state();
  if (state.phase == PaintState::Phase::kCancelled) {
    return absl::CancelledError(_("The job was cancelled at the server."));
  }
  if (state.phase == PaintState::Phase::kFailed || state.result == nullptr) {
    return absl::Status(state.status.code(), Explain(state.status, server.client.address()));
  }
  return state;
}

}  // namespace

absl::StatusOr<Painted> Paint(ImageId image, DrawableId drawable, const Settings& settings,
                              const ServerSettings& server) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(Validate(settings));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const Target target, OpenTarget(image, drawable, settings.placement));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Picture style, ReadStyle(settings.style));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Picture content, ReadTarget(target));
  gimp_progress_init(_("Style transfer"));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const ReadyServer ready, WaitForServer(server, settings.model));
  Settings with_model = settings;
  with_model.model = ready.ModelName();
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Recipe recipe, MakeRecipe(with_model, ready.model.default_recipe()));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(
      const PaintState state,
      PaintOn(ready, MakeRequest(target, std::move(content), std::move(style), std::move(recipe))));
  Painting painting;
  painting.picture = state.result->picture;
  painting.name = ResultName(target.layer_name, settings.style, state.recipe);
  painting.recipe_json = ToJson(state.recipe);
  painting.settings_json = ToJson(with_model);
  Painted painted;
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(painted.drawable, Apply(target, painting, settings.placement));
  painted.recipe_json = painting.recipe_json;
  gimp_progress_end();
  return painted;
}

absl::StatusOr<Painted> PaintAgain(ImageId image, DrawableId drawable, bool from_layer) {
  const Preferences preferences = LastValues();
  Settings settings = preferences.last;
  const std::string of_layer = from_layer ? Parasite(drawable, kSettingsParasite) : "";
  if (!of_layer.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(settings, SettingsFromJson(of_layer));
  }
  return Paint(image, drawable, settings, preferences.server);
}

absl::StatusOr<std::string> RecipeOf(DrawableId drawable) {
  std::string recipe = Parasite(drawable, kRecipeParasite);
  if (recipe.empty()) {
    return absl::NotFoundError(_("This layer wasn't painted by Style Transfer: it has no recipe."));
  }
  return recipe;
}

std::string WaitingMessage() {
  const absl::StatusOr<std::string> folder = WaitingFolder();
  const size_t count = folder.ok() ? WaitingJobs(*folder).List().size() : 0;
  if (count == 0) {
    return "";
  }
  return absl::Substitute(dngettext(IMPASTO_GETTEXT_DOMAIN,
                                    "$0 result of Style Transfer is waiting. Open it with Filters > Artistic "
                                    "> Waiting Style Transfers.",
                                    "$0 results of Style Transfer are waiting. Open them with Filters > "
                                    "Artistic > Waiting Style Transfers.",
                                    count),
                          count);
}

}  // namespace impasto::gimp
