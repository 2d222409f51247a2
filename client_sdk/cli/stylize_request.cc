#include "cli/stylize_request.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/layer_weights.h"
#include "cli/output_format.h"
#include "cli/priority.h"
#include "cli/recipe_file.h"
#include "impasto/internal/status_macros.h"
#include "impasto/picture.h"

namespace impasto::cli {
namespace {

// Where the server decides the number of steps, 5 % of them isn't known yet.
constexpr int kDefaultPreviewEvery = 10;
// What Ctrl-C can lose of a run whose newest picture is to be kept.
constexpr int kKeepIntervalSeconds = 2;

// "styles/" and an id; a file of such a name is ./styles/...
bool IsStyleName(const std::string& text) {
  const absl::string_view prefix = "styles/";
  return absl::StartsWith(text, prefix) && text.size() > prefix.size() &&
         std::all_of(text.begin() + prefix.size(), text.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

std::string FullModelName(const std::string& name) {
  return name.find('/') == std::string::npos ? absl::StrCat("models/", name) : name;
}

void SetPresetAndModel(const StylizeFlags& flags, v1::Recipe* recipe, std::vector<std::string>* notes) {
  if (flags.preset.has_value()) {
    if (!flags.recipe.empty() && !recipe->preset().empty() && recipe->preset() != *flags.preset) {
      notes->push_back(absl::StrCat("--preset ", *flags.preset, " goes before the preset \"",
                                    recipe->preset(), "\" of ", flags.recipe,
                                    "; values that are written out there stay."));
    }
    recipe->set_preset(*flags.preset);
  }
  if (flags.model.has_value()) {
    const std::string model = FullModelName(*flags.model);
    if (!recipe->weights_sha256().empty() && recipe->model() != model) {
      // Another model's weights can't have that checksum: keeping it would only make the server refuse.
      recipe->clear_weights_sha256();
      notes->push_back(absl::StrCat("--model ", *flags.model, " goes before ", recipe->model(), " of ",
                                    flags.recipe, "; its weights' checksum is dropped."));
    }
    recipe->set_model(model);
  }
}

// Before the flags that go before it.
void SetQuality(const StylizeFlags& flags, v1::Recipe* recipe, std::vector<std::string>* notes) {
  if (!flags.quality.has_value()) {
    return;
  }
  if (!flags.recipe.empty()) {
    // A saved recipe has all of them written out: they would leave the quality nothing to decide.
    recipe->clear_optimizer();
    recipe->clear_lbfgs_history();
    recipe->clear_learning_rate();
    recipe->clear_learning_rate_schedule();
    recipe->clear_beta1();
    recipe->clear_beta2();
    recipe->clear_epsilon();
    recipe->clear_iterations();
    recipe->clear_pyramid_levels();
    recipe->clear_stall_evaluations();
    recipe->clear_stall_improvement();
    notes->push_back(absl::StrCat("--quality ", *flags.quality,
                                  " decides optimizer, steps and levels in place of ", flags.recipe, "."));
  }
  recipe->set_quality(*flags.quality == "draft"  ? v1::QUALITY_DRAFT
                      : *flags.quality == "good" ? v1::QUALITY_GOOD
                                                 : v1::QUALITY_BEST);
}

void SetOptimizer(const StylizeFlags& flags, v1::Recipe* recipe) {
  if (flags.optimizer.has_value()) {
    recipe->set_optimizer(*flags.optimizer == "adam" ? v1::OPTIMIZER_ADAM : v1::OPTIMIZER_LBFGS);
  }
  if (flags.lbfgs_history.has_value()) {
    recipe->set_lbfgs_history(*flags.lbfgs_history);
  }
  if (flags.learning_rate.has_value()) {
    recipe->set_learning_rate(*flags.learning_rate);
  }
  if (flags.schedule.has_value()) {
    recipe->set_learning_rate_schedule(*flags.schedule == "cosine" ? v1::LEARNING_RATE_SCHEDULE_COSINE
                                                                   : v1::LEARNING_RATE_SCHEDULE_CONSTANT);
  }
  if (flags.iterations.has_value()) {
    recipe->set_iterations(*flags.iterations);
  }
  if (flags.pyramid.has_value()) {
    recipe->set_pyramid_levels(*flags.pyramid);
  }
  if (flags.stall_evaluations.has_value()) {
    recipe->set_stall_evaluations(*flags.stall_evaluations);
  }
  if (flags.stall_improvement.has_value()) {
    recipe->set_stall_improvement(*flags.stall_improvement);
  }
}

absl::Status SetInitialPicture(const StylizeFlags& flags, v1::StylizeRequest* request) {
  if (!flags.init.has_value()) {
    return absl::OkStatus();
  }
  v1::Recipe& recipe = *request->mutable_recipe();
  if (*flags.init == "content") {
    recipe.set_initial_picture(v1::INITIAL_PICTURE_CONTENT);
  } else if (*flags.init == "noise") {
    recipe.set_initial_picture(v1::INITIAL_PICTURE_NOISE);
  } else {
    recipe.set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(*request->mutable_initial(), PictureFromFile(*flags.init));
  }
  return absl::OkStatus();
}

absl::Status SetRecipe(const StylizeFlags& flags, v1::Recipe* recipe, std::vector<std::string>* notes) {
  if (!flags.recipe.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(*recipe, ReadRecipe(flags.recipe));
  }
  SetPresetAndModel(flags, recipe, notes);
  SetQuality(flags, recipe, notes);
  SetOptimizer(flags, recipe);
  IMPASTO_CLIENT_RETURN_IF_ERROR(ReplaceLayers("--content-layer", flags.content_layers, /*need_weight=*/false,
                                               recipe->mutable_content_layers()));
  IMPASTO_CLIENT_RETURN_IF_ERROR(ReplaceLayers("--style-layer", flags.style_layers, /*need_weight=*/false,
                                               recipe->mutable_style_layers()));
  if (flags.content_weight.has_value()) {
    recipe->set_content_weight(*flags.content_weight);
  }
  if (flags.style_weight.has_value()) {
    recipe->set_style_weight(*flags.style_weight);
  }
  if (flags.tv_weight.has_value()) {
    recipe->set_tv_weight(*flags.tv_weight);
  }
  if (flags.normalization.has_value()) {
    recipe->set_normalization(*flags.normalization == "paper" ? v1::NORMALIZATION_PAPER
                                                              : v1::NORMALIZATION_MEAN);
  }
  if (flags.pooling.has_value()) {
    recipe->set_pooling(*flags.pooling == "avg" ? v1::POOLING_AVERAGE : v1::POOLING_MAX);
  }
  if (flags.seed.has_value()) {
    recipe->set_seed(*flags.seed);
  }
  if (flags.max_size.has_value()) {
    recipe->set_max_size(*flags.max_size);
  }
  if (flags.style_size.has_value()) {
    recipe->set_style_size(*flags.style_size);
  }
  if (!flags.style_picture_weights.empty()) {
    recipe->mutable_style_picture_weights()->Assign(flags.style_picture_weights.begin(),
                                                    flags.style_picture_weights.end());
  }
  return absl::OkStatus();
}

void SetPreview(const StylizeFlags& flags, v1::PictureFormat output_format, v1::StylizeRequest* request) {
  if (!flags.preview_dir.empty()) {
    const v1::Recipe& recipe = request->recipe();
    const int automatic =
        recipe.has_iterations() ? std::max(1, recipe.iterations() / 20) : kDefaultPreviewEvery;
    request->mutable_preview()->set_every_iterations(flags.preview_every.value_or(automatic));
    request->mutable_preview()->set_format(v1::PICTURE_FORMAT_JPEG);
  }
  if (flags.keep_on_interrupt) {
    // What is kept becomes OUT: it has to have OUT's format, and the whole working size.
    request->mutable_preview()->mutable_interval()->set_seconds(kKeepIntervalSeconds);
    request->mutable_preview()->set_format(output_format);
  }
}

}  // namespace

absl::StatusOr<v1::StylizeRequest> BuildRequest(const StylizeFlags& flags, std::vector<std::string>* notes) {
  v1::StylizeRequest request;
  v1::PictureFormat format = v1::PICTURE_FORMAT_PNG;
  if (!flags.output.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(format, FormatOfFile(flags.output));
  }
  request.mutable_output()->set_format(format);
  if (flags.jpeg_quality.has_value()) {
    request.mutable_output()->set_quality(*flags.jpeg_quality);
  }
  if (flags.output_size.has_value()) {
    request.mutable_output()->set_size(*flags.output_size == "original" ? v1::OUTPUT_SIZE_ORIGINAL
                                                                        : v1::OUTPUT_SIZE_WORKING);
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(SetRecipe(flags, request.mutable_recipe(), notes));
  SetPreview(flags, format, &request);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(*request.mutable_content(), PictureFromFile(flags.content));
  for (const std::string& style : flags.styles) {
    if (IsStyleName(style)) {
      request.add_styles()->set_style(style);
    } else {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(*request.add_styles(), PictureFromFile(style));
    }
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(SetInitialPicture(flags, &request));
  request.set_detached(flags.detach);
  if (flags.priority.has_value()) {
    request.set_priority(PriorityOfName(*flags.priority));
  }
  request.set_display_name(flags.name);
  request.set_request_id(flags.request_id);
  return request;
}

}  // namespace impasto::cli
