#include "core/settings.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "core/json_value.h"
#include "core/text.h"
#include "google/protobuf/util/json_util.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

constexpr double kMaxWeight = 1e15;
constexpr double kMiddle = 50;
// For ten times the style weight.
constexpr double kStrengthPerDecade = 25;

absl::Status OutOfRange(const char* setting, const std::string& least, const std::string& most) {
  return absl::InvalidArgumentError(
      absl::Substitute(_("$0: choose a number from $1 to $2."), setting, least, most));
}

// Also what is no number is outside.
bool Within(double value, double least, double most) { return value >= least && value <= most; }

v1::Quality QualityOf(Quality quality) {
  switch (quality) {
    case Quality::kDraft:
      return v1::QUALITY_DRAFT;
    case Quality::kGood:
      return v1::QUALITY_GOOD;
    case Quality::kBest:
      return v1::QUALITY_BEST;
    case Quality::kIterations:
      break;
  }
  return v1::QUALITY_UNSPECIFIED;
}

}  // namespace

absl::Status Validate(const Settings& settings) {
  if (!Within(settings.strength, 0, 100)) {
    return OutOfRange(_("Strength"), "0", "100");
  }
  if (settings.content_weight.has_value() && !Within(*settings.content_weight, 0, kMaxWeight)) {
    return OutOfRange(_("Content weight"), "0", "1e15");
  }
  if (settings.style_weight.has_value() &&
      !(*settings.style_weight > 0 && *settings.style_weight <= kMaxWeight)) {
    return absl::InvalidArgumentError(
        absl::Substitute(_("$0: choose a number above 0, up to $1."), _("Style weight"), "1e15"));
  }
  if (settings.iterations < 1 || settings.iterations > 100000) {
    return OutOfRange(_("Iterations"), "1", "100000");
  }
  if (settings.size < 16 || settings.size > 8192) {
    return OutOfRange(_("Size"), "16", "8192");
  }
  return absl::OkStatus();
}

double StyleFactor(double strength) { return std::pow(10, (strength - kMiddle) / kStrengthPerDecade); }

double StrengthOf(double style_factor) {
  if (!(style_factor > 0)) {
    return 0;
  }
  return std::clamp(kMiddle + kStrengthPerDecade * std::log10(style_factor), 0.0, 100.0);
}

absl::StatusOr<v1::Recipe> MakeRecipe(const Settings& settings, const v1::Recipe& defaults) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(Validate(settings));
  v1::Recipe recipe;
  if (!settings.model.empty()) {
    recipe.set_model(absl::StrCat("models/", settings.model));
  }
  if (settings.content_weight.has_value()) {
    recipe.set_content_weight(*settings.content_weight);
  }
  if (settings.style_weight.has_value()) {
    recipe.set_style_weight(*settings.style_weight);
  } else if (defaults.has_style_weight()) {
    recipe.set_style_weight(std::min(defaults.style_weight() * StyleFactor(settings.strength), kMaxWeight));
  } else if (settings.strength != kMiddle) {
    return absl::FailedPreconditionError(
        _("The strength can't be used yet: the server hasn't told the model's weights. Try again in a "
          "moment."));
  }
  if (settings.quality == Quality::kIterations) {
    recipe.set_iterations(settings.iterations);
  } else {
    recipe.set_quality(QualityOf(settings.quality));
  }
  recipe.set_max_size(settings.size);
  return recipe;
}

std::string ToJson(const Settings& settings) { return Printed(ToValue(settings)); }

absl::StatusOr<Settings> SettingsFromJson(std::string_view json) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const nlohmann::json value, ParseObject(json));
  return SettingsFromValue(value);
}

std::string ToJson(const v1::Recipe& recipe) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for messages with a google.protobuf.Any alone.
  (void)google::protobuf::util::MessageToJsonString(recipe, &json, options);
  return json;
}

absl::StatusOr<v1::Recipe> RecipeFromJson(std::string_view json) {
  v1::Recipe recipe;
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &recipe);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("not a recipe: ", std::string(status.message())));
  }
  return recipe;
}

}  // namespace impasto::gimp
