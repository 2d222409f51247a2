#include "jobs/job_update.h"

#include <string>

namespace impasto::jobs {

std::optional<v1::RecipeChange> RecipeChangeOf(const v1::UpdateJobRequest& request) {
  const v1::Recipe& recipe = request.job().recipe();
  v1::RecipeChange change;
  bool any = false;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "recipe.content_weight") {
      change.set_content_weight(recipe.content_weight());
    } else if (path == "recipe.style_weight") {
      change.set_style_weight(recipe.style_weight());
    } else if (path == "recipe.tv_weight") {
      change.set_tv_weight(recipe.tv_weight());
    } else if (path == "recipe.learning_rate") {
      change.set_learning_rate(recipe.learning_rate());
    } else if (path == "recipe.iterations") {
      change.set_iterations(recipe.iterations());
    } else if (path == "recipe.content_layers") {
      *change.mutable_content_layers() = recipe.content_layers();
    } else if (path == "recipe.style_layers") {
      *change.mutable_style_layers() = recipe.style_layers();
    } else if (path == "recipe.style_picture_weights") {
      *change.mutable_style_picture_weights() = recipe.style_picture_weights();
    } else {
      continue;
    }
    any = true;
  }
  return any ? std::make_optional(std::move(change)) : std::nullopt;
}

bool ApplyToJob(const v1::UpdateJobRequest& request, v1::Job* job) {
  const v1::Priority before = job->priority();
  const v1::PreviewOptions& preview = request.job().preview();
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "display_name") {
      job->set_display_name(request.job().display_name());
    } else if (path == "priority") {
      job->set_priority(request.job().priority());
    } else if (path == "detached") {
      job->set_detached(request.job().detached());
    } else if (path == "preview") {
      *job->mutable_preview() = preview;
    } else if (path == "preview.every_iterations") {
      job->mutable_preview()->set_every_iterations(preview.every_iterations());
    } else if (path == "preview.interval") {
      *job->mutable_preview()->mutable_interval() = preview.interval();
    } else if (path == "preview.format") {
      job->mutable_preview()->set_format(preview.format());
    } else if (path == "preview.max_size") {
      job->mutable_preview()->set_max_size(preview.max_size());
    } else if (path == "preview.pixel_format") {
      job->mutable_preview()->set_pixel_format(preview.pixel_format());
    }
  }
  return job->priority() != before;
}

}  // namespace impasto::jobs
