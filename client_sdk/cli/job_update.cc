#include "cli/job_update.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/job_text.h"
#include "cli/layer_weights.h"
#include "cli/priority.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {

absl::StatusOr<JobUpdate> BuildUpdate(const JobUpdateFlags& flags) {
  JobUpdate update;
  v1::Recipe* const recipe = update.job.mutable_recipe();
  const auto masked = [&update](const char* path) { update.mask.emplace_back(path); };
  if (flags.content_weight.has_value()) {
    recipe->set_content_weight(*flags.content_weight);
    masked("recipe.content_weight");
  }
  if (flags.style_weight.has_value()) {
    recipe->set_style_weight(*flags.style_weight);
    masked("recipe.style_weight");
  }
  if (flags.tv_weight.has_value()) {
    recipe->set_tv_weight(*flags.tv_weight);
    masked("recipe.tv_weight");
  }
  if (flags.learning_rate.has_value()) {
    recipe->set_learning_rate(*flags.learning_rate);
    masked("recipe.learning_rate");
  }
  if (flags.iterations.has_value()) {
    recipe->set_iterations(*flags.iterations);
    masked("recipe.iterations");
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(ReplaceLayers("--content-layer", flags.content_layers, /*need_weight=*/true,
                                               recipe->mutable_content_layers()));
  if (!flags.content_layers.empty()) {
    masked("recipe.content_layers");
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(ReplaceLayers("--style-layer", flags.style_layers, /*need_weight=*/true,
                                               recipe->mutable_style_layers()));
  if (!flags.style_layers.empty()) {
    masked("recipe.style_layers");
  }
  if (!flags.style_picture_weights.empty()) {
    recipe->mutable_style_picture_weights()->Assign(flags.style_picture_weights.begin(),
                                                    flags.style_picture_weights.end());
    masked("recipe.style_picture_weights");
  }
  if (flags.preview_every.has_value()) {
    update.job.mutable_preview()->set_every_iterations(*flags.preview_every);
    masked("preview.every_iterations");
  }
  if (flags.priority.has_value()) {
    update.job.set_priority(PriorityOfName(*flags.priority));
    masked("priority");
  }
  if (flags.name.has_value()) {
    update.job.set_display_name(*flags.name);
    masked("display_name");
  }
  if (flags.detach || flags.attach) {
    update.job.set_detached(flags.detach);
    masked("detached");
  }
  if (update.mask.empty()) {
    return absl::InvalidArgumentError("nothing to update: see impasto jobs update --help");
  }
  return update;
}

std::string DescribeSettings(const JobUpdate& update) {
  std::vector<std::string> parts;
  for (const std::string& path : update.mask) {
    if (path == "preview.every_iterations") {
      const int every = update.job.preview().every_iterations();
      parts.push_back(every > 0 ? absl::StrCat("a preview every ", every) : "no previews");
    } else if (path == "priority") {
      parts.push_back(absl::StrCat("priority ", PriorityName(update.job.priority())));
    } else if (path == "display_name") {
      parts.push_back(absl::StrCat("name \"", update.job.display_name(), "\""));
    } else if (path == "detached") {
      parts.push_back(update.job.detached() ? "detached" : "attached");
    }
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace impasto::cli
