// A change of a recipe between two steps of a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace impasto::engine {

struct Recipe;

struct LayerWeight {
  std::string layer;
  double weight = 1;  // factor of this layer's loss in the sum over layers; >= 0
  friend bool operator==(const LayerWeight&, const LayerWeight&) = default;
};

// What isn't given stays as it was. Ranges are the recipe's.
struct RecipeChange {
  int steps = 0;  // that are made when it takes effect: it is between step `steps` and the next one
  std::optional<double> content_weight;
  std::optional<double> style_weight;
  std::optional<double> tv_weight;
  std::optional<double> learning_rate;
  // Of all levels together. Equal to `steps`: the next evaluation is the last. Levels that aren't finished
  // share what is left (ReshareIterations), each of them with at least one.
  std::optional<int> iterations;
  // New weights of layers that the run has. The layers themselves are fixed at the start: what taps a run has
  // is compiled into its plans.
  std::vector<LayerWeight> content_layers;
  std::vector<LayerWeight> style_layers;
  std::vector<double> style_picture_weights;  // empty: unchanged; else one per style picture
  friend bool operator==(const RecipeChange&, const RecipeChange&) = default;
};

inline constexpr size_t kMaxRecipeChanges = 1000;  // of one run

// Puts the change's values into the recipe. It doesn't look at their ranges: that is ValidateRecipe's.
// INVALID_ARGUMENT, naming the field, and the recipe is as it was: a layer that the recipe lacks, or that is
// there twice; fewer iterations than steps that are made.
absl::Status ApplyChange(const RecipeChange& change, Recipe* recipe);

// Whether what is minimised is the same: content, style and tv weights, those of layers and of style
// pictures. Losses under different objectives don't compare.
bool SameObjective(const Recipe& a, const Recipe& b);

}  // namespace impasto::engine
