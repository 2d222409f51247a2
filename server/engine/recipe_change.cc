#include "engine/recipe_change.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/field_error.h"
#include "engine/recipe.h"

namespace impasto::engine {
namespace {

absl::Status SetWeights(absl::string_view field, const std::vector<LayerWeight>& weights,
                        std::vector<LayerWeight>* layers) {
  std::set<absl::string_view> seen;
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string& name = weights[i].layer;
    const std::string at = absl::StrCat(field, "[", i, "].layer");
    const auto layer =
        std::find_if(layers->begin(), layers->end(), [&](const LayerWeight& l) { return l.layer == name; });
    if (layer == layers->end()) {
      const auto names = [](std::string* out, const LayerWeight& l) { out->append(l.layer); };
      return FieldError(at, absl::StrCat("\"", name.substr(0, 128),
                                         "\" is none of the run's layers, which are fixed at its start: ",
                                         absl::StrJoin(*layers, ", ", names)));
    }
    if (!seen.insert(name).second) return FieldError(at, absl::StrCat(name, " is there twice"));
    layer->weight = weights[i].weight;
  }
  return absl::OkStatus();
}

template <typename T>
void SetWhereGiven(const std::optional<T>& from, T* to) {
  if (from.has_value()) *to = *from;
}

}  // namespace

absl::Status ApplyChange(const RecipeChange& change, Recipe* recipe) {
  if (change.iterations.has_value() && *change.iterations < change.steps) {
    return FieldError("iterations", absl::StrCat(*change.iterations, " is less than the ", change.steps,
                                                 " steps that are made by then"));
  }
  std::vector<LayerWeight> content = recipe->content_layers, style = recipe->style_layers;
  for (const absl::Status& status : {SetWeights("content_layers", change.content_layers, &content),
                                     SetWeights("style_layers", change.style_layers, &style)}) {
    if (!status.ok()) return status;
  }
  recipe->content_layers = std::move(content);
  recipe->style_layers = std::move(style);
  SetWhereGiven(change.content_weight, &recipe->content_weight);
  SetWhereGiven(change.style_weight, &recipe->style_weight);
  SetWhereGiven(change.tv_weight, &recipe->tv_weight);
  SetWhereGiven(change.learning_rate, &recipe->learning_rate);
  SetWhereGiven(change.iterations, &recipe->iterations);
  if (!change.style_picture_weights.empty()) recipe->style_picture_weights = change.style_picture_weights;
  return absl::OkStatus();
}

bool SameObjective(const Recipe& a, const Recipe& b) {
  return a.content_weight == b.content_weight && a.style_weight == b.style_weight &&
         a.tv_weight == b.tv_weight && a.content_layers == b.content_layers &&
         a.style_layers == b.style_layers && a.style_picture_weights == b.style_picture_weights;
}

}  // namespace impasto::engine
