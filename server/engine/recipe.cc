#include "engine/recipe.h"

#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/pyramid.h"

namespace impasto::engine {
namespace {

constexpr double kMaxWeight = 1e15;
constexpr double kMaxLayerWeight = 1e12;
constexpr int kMaxIterations = 100'000;
constexpr size_t kMaxLayers = 64;  // more than any backbone has worth tapping; each keeps a map or a matrix

struct Range {
  double low, high;
  bool above_low = false;   // low itself is out
  bool below_high = false;  // high itself is out
};

absl::Status Check(absl::string_view field, double value, const Range& range) {
  const bool low_ok = range.above_low ? value > range.low : value >= range.low;
  const bool high_ok = range.below_high ? value < range.high : value <= range.high;
  if (low_ok && high_ok) return absl::OkStatus();  // false for NaN
  return FieldError(
      field, absl::StrFormat("%g is not %s %g and %s %g", value, range.above_low ? "above" : "at least",
                             range.low, range.below_high ? "below" : "at most", range.high));
}

absl::Status CheckLayers(absl::string_view field, const std::vector<LayerWeight>& layers,
                         const Graph& graph) {
  if (layers.size() > kMaxLayers) {
    return FieldError(field, absl::StrCat("there are ", layers.size(), " layers; at most ", kMaxLayers));
  }
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    const int node = graph.Find(layers[i].layer);
    if (node < 0 || graph.nodes()[node].op == Op::kInput) {
      return FieldError(absl::StrCat(at, ".layer"),
                        absl::StrCat("unknown layer \"", layers[i].layer.substr(0, 128), "\" of ",
                                     graph.model(), "; the nearest names are ",
                                     absl::StrJoin(NearestNames(layers[i].layer, graph.LayerNames()), ", ")));
    }
    if (!seen.insert(layers[i].layer).second) {
      return FieldError(absl::StrCat(at, ".layer"), absl::StrCat(layers[i].layer, " is there twice"));
    }
    if (absl::Status status = Check(absl::StrCat(at, ".weight"), layers[i].weight, {0, kMaxLayerWeight});
        !status.ok())
      return status;
  }
  return absl::OkStatus();
}

absl::Status ValidateValues(const Recipe& recipe, const Graph& graph) {
  for (const absl::Status& status : {
           CheckLayers("content_layers", recipe.content_layers, graph),
           CheckLayers("style_layers", recipe.style_layers, graph),
           Check("content_weight", recipe.content_weight, {0, kMaxWeight}),
           Check("style_weight", recipe.style_weight, {.low = 0, .high = kMaxWeight, .above_low = true}),
           Check("tv_weight", recipe.tv_weight, {0, kMaxWeight}),
           Check("learning_rate", recipe.learning_rate, {.low = 0, .high = 255, .above_low = true}),
           Check("beta1", recipe.beta1, {.low = 0, .high = 1, .below_high = true}),
           Check("beta2", recipe.beta2, {.low = 0, .high = 1, .below_high = true}),
           Check("epsilon", recipe.epsilon, {.low = 0, .high = 1e6, .above_low = true}),
           Check("lbfgs_history", recipe.lbfgs_history, {1, 100}),
           Check("iterations", recipe.iterations, {1, kMaxIterations}),
           Check("pyramid_levels", recipe.pyramid_levels, {0, kMaxPyramidLevels}),
           Check("stall_evaluations", recipe.stall_evaluations, {0, 100000}),
           Check("stall_improvement", recipe.stall_improvement, {.low = 0, .high = 1, .below_high = true}),
           Check("max_size", recipe.max_size, {16, 8192}),
           Check("style_size", recipe.style_size, {16, 8192}),
       }) {
    if (!status.ok()) return status;
  }
  double style_sum = 0;
  for (const LayerWeight& layer : recipe.style_layers) style_sum += layer.weight;
  if (!(style_sum > 0))
    return FieldError("style_layers", "no style layer has a weight above 0: there is nothing to paint after");
  if (!recipe.style_picture_weights.empty()) {
    double sum = 0;
    for (size_t i = 0; i < recipe.style_picture_weights.size(); ++i) {
      absl::Status status =
          Check(absl::StrCat("style_picture_weights[", i, "]"), recipe.style_picture_weights[i], {0, 1e6});
      if (!status.ok()) return status;
      sum += recipe.style_picture_weights[i];
    }
    if (!(sum > 0)) return FieldError("style_picture_weights", "all are 0");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRecipe(const Recipe& recipe, const Graph& graph) {
  IMPASTO_RETURN_IF_ERROR(ValidateValues(recipe, graph));
  if (recipe.changes.size() > kMaxRecipeChanges) {
    return FieldError("changes",
                      absl::StrCat("there are ", recipe.changes.size(), "; at most ", kMaxRecipeChanges));
  }
  Recipe values = recipe;
  values.changes.clear();
  int steps = 0;
  for (size_t i = 0; i < recipe.changes.size(); ++i) {
    const RecipeChange& change = recipe.changes[i];
    // Levels that a change leaves less than a step each make one all the same: a run can have so many more.
    absl::Status status = Check("steps", change.steps, {0, kMaxIterations + kMaxPyramidLevels});
    if (status.ok() && change.steps < steps) {
      status = FieldError("steps", absl::StrCat(change.steps, " is less than the ", steps,
                                                " of the change before: they are in order"));
    }
    if (status.ok()) status = ApplyChange(change, &values);
    if (status.ok()) status = ValidateValues(values, graph);
    if (!status.ok()) return InField(absl::StrCat("changes[", i, "]"), status);
    steps = change.steps;
  }
  return absl::OkStatus();
}

}  // namespace impasto::engine
