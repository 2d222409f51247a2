// A recipe is everything that decides the picture. Sending a resolved recipe back makes the same picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/nets/graph.h"
#include "engine/recipe_change.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

enum class Normalization {
  kMean,   // content: mean((F - P)^2); style layer: mean over N x N of (G - A)^2
  kPaper,  // content: sum((F - P)^2);  style layer: 1/4 mean over N x N of (G - A)^2, which is 1/(4 N^2 M^2)
           // sum with G unnormalised
};
enum class Init { kContent, kNoise, kPicture };
enum class OptimizerKind { kAdam, kLbfgs };
enum class Schedule {
  kConstant,
  kCosine,  // falls to 0 along half a cosine, over all of a level's iterations
};
// How much time a picture may take.
enum class Quality {
  kPreset,  // the preset's own
  kDraft,
  kGood,
  kBest,
};

struct Recipe {
  std::string model;
  std::string weights_sha256;
  std::string preset;                  // where it started from: "painterly", "reference"; for people
  Quality quality = Quality::kPreset;  // what was set by it since; for people
  std::vector<LayerWeight> content_layers;
  std::vector<LayerWeight> style_layers;
  double content_weight = 0;  // alpha
  double style_weight = 0;    // beta
  double tv_weight = 0;       // total variation; 0: none
  Normalization normalization = Normalization::kMean;
  Pooling pooling = Pooling::kMax;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  // Adam in TensorFlow's form. L-BFGS finds the length of its steps by itself.
  double learning_rate = 5;  // grey levels of 0..255 per step
  Schedule schedule = Schedule::kConstant;
  double beta1 = 0.99;
  double beta2 = 0.999;
  double epsilon = 0.1;
  int lbfgs_history = 10;  // pairs that L-BFGS keeps: 24 bytes a pixel each
  int iterations = 1000;   // of all levels together, at most
  int pyramid_levels = 1;  // coarse to fine, each half the size of the next; see pyramid.h. 0: by the size
  // A level ends when its lowest loss has fallen by less than the share stall_improvement over the last
  // stall_evaluations evaluations. 0 evaluations: never.
  int stall_evaluations = 0;
  double stall_improvement = 0;
  Init init = Init::kContent;
  uint64_t seed = 0;
  int max_size = 512;                         // long side of the working picture, pixels
  int style_size = 512;                       // long side of each style picture, pixels
  std::vector<double> style_picture_weights;  // one per style picture; they are divided by their sum
  // What changes while the run goes on, in the order of `steps`.
  std::vector<RecipeChange> changes;
};

// "painterly" and "reference".
const std::vector<std::string>& PresetNames();

// The preset's recipe for a model and its weights' family. Layers of equal weight have 1/number of layers
// written out. NOT_FOUND, with the names there are, for an unknown preset.
absl::StatusOr<Recipe> MakePreset(absl::string_view preset, absl::string_view model, WeightsFamily family);

// "draft", "good" and "best", as the command line spells them; "preset" for kPreset.
absl::string_view QualityName(Quality quality);

// Sets what quality decides: optimizer, learning rate and schedule, beta1, beta2, epsilon, history,
// iterations, levels and the stall rule. The layers and weights, and so what is painted, stay the preset's.
// kPreset sets nothing.
void ApplyQuality(Quality quality, Recipe* recipe);

// Ranges of every number, layer names against the graph, each layer once; and the same after each of its
// changes, one after the other. INVALID_ARGUMENT, naming the field and the limit.
absl::Status ValidateRecipe(const Recipe& recipe, const Graph& graph);

}  // namespace impasto::engine
