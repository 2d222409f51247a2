// A recipe is everything that decides the picture. Sending a resolved recipe back makes the same picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

enum class Normalization {
  kMean,   // content: mean((F - P)^2); style layer: mean over N x N of (G - A)^2
  kPaper,  // content: sum((F - P)^2);  style layer: 1/4 mean over N x N of (G - A)^2, which is 1/(4 N^2 M^2)
           // sum with G unnormalised
};
enum class Init { kContent, kNoise, kPicture };

struct LayerWeight {
  std::string layer;
  double weight = 1;  // factor of this layer's loss in the sum over layers; >= 0
};

struct Recipe {
  std::string model;
  std::string weights_sha256;
  std::string preset;  // where it started from: "painterly", "reference"; for people
  std::vector<LayerWeight> content_layers;
  std::vector<LayerWeight> style_layers;
  double content_weight = 0;  // alpha
  double style_weight = 0;    // beta
  double tv_weight = 0;       // total variation; 0: none
  Normalization normalization = Normalization::kMean;
  Pooling pooling = Pooling::kMax;
  // Adam in TensorFlow's form.
  double learning_rate = 5;  // grey levels of 0..255 per step
  double beta1 = 0.99;
  double beta2 = 0.999;
  double epsilon = 0.1;
  int iterations = 1000;
  Init init = Init::kContent;
  uint64_t seed = 0;
  int max_size = 512;                         // long side of the working picture, pixels
  int style_size = 512;                       // long side of each style picture, pixels
  std::vector<double> style_picture_weights;  // one per style picture; they are divided by their sum
};

// "painterly" and "reference".
const std::vector<std::string>& PresetNames();

// The preset's recipe for a model and its weights' family. Layers of equal weight have 1/number of layers
// written out. NOT_FOUND, with the names there are, for an unknown preset.
absl::StatusOr<Recipe> MakePreset(absl::string_view preset, absl::string_view model, WeightsFamily family);

// Ranges of every number, layer names against the graph, each layer once. INVALID_ARGUMENT, naming the field
// and the limit.
absl::Status ValidateRecipe(const Recipe& recipe, const Graph& graph);

}  // namespace impasto::engine
