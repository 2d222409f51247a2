#include "cli/recipe_change.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace impasto::cli {
namespace {

using LayerWeights = google::protobuf::RepeatedPtrField<v1::LayerWeight>;

std::string Number(double value) { return absl::StrFormat("%.9g", value); }

void AddLayers(const char* name, const LayerWeights& layers, std::vector<std::string>* parts) {
  for (const v1::LayerWeight& layer : layers) {
    parts->push_back(absl::StrCat(name, ".", layer.layer(), "=", Number(layer.weight())));
  }
}

}  // namespace

std::string DescribeChange(const v1::RecipeChange& change) {
  std::vector<std::string> parts;
  if (change.has_content_weight()) {
    parts.push_back(absl::StrCat("content_weight=", Number(change.content_weight())));
  }
  if (change.has_style_weight()) {
    parts.push_back(absl::StrCat("style_weight=", Number(change.style_weight())));
  }
  if (change.has_tv_weight()) {
    parts.push_back(absl::StrCat("tv_weight=", Number(change.tv_weight())));
  }
  if (change.has_learning_rate()) {
    parts.push_back(absl::StrCat("learning_rate=", Number(change.learning_rate())));
  }
  if (change.has_iterations()) {
    parts.push_back(absl::StrCat("iterations=", change.iterations()));
  }
  AddLayers("content_layers", change.content_layers(), &parts);
  AddLayers("style_layers", change.style_layers(), &parts);
  if (!change.style_picture_weights().empty()) {
    parts.push_back(absl::StrCat(
        "style_picture_weights=",
        absl::StrJoin(change.style_picture_weights(), ":",
                      [](std::string* out, double weight) { absl::StrAppend(out, Number(weight)); })));
  }
  return absl::StrJoin(parts, " ");
}

std::string DescribeChangeAndStart(const v1::RecipeChange& change) {
  return absl::StrCat("from iteration ", change.iteration() + 1, " on: ", DescribeChange(change));
}

}  // namespace impasto::cli
