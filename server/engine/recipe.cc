#include "engine/recipe.h"

#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/field_error.h"
#include "base/strings.h"

namespace impasto::engine {
namespace {

constexpr double kMaxWeight = 1e15;
constexpr double kMaxLayerWeight = 1e12;
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

std::vector<LayerWeight> Equal(const std::vector<std::string>& names) {
  std::vector<LayerWeight> layers;
  for (const std::string& name : names) layers.push_back({name, 1.0 / static_cast<double>(names.size())});
  return layers;
}

// The losses of Keras's weights over those of the family's, for the same pictures: weights of the loss that
// are right for one family are right for the other when they are multiplied by this. torchvision's
// activations are some fifty times smaller, content losses go with their square and style losses with their
// fourth power.
struct LossScale {
  double content, style;
};
LossScale ScaleOf(WeightsFamily family) {
  if (family == WeightsFamily::kTorchvision) return {3e3, 4e9};
  return {1, 1};
}

}  // namespace

const std::vector<std::string>& PresetNames() {
  static const auto& names = *new std::vector<std::string>{"painterly", "reference"};
  return names;
}

absl::StatusOr<Recipe> MakePreset(absl::string_view preset, absl::string_view model, WeightsFamily family) {
  Recipe recipe;
  recipe.model = std::string(model);
  recipe.preset = std::string(preset);
  const LossScale scale = ScaleOf(family);
  const bool vgg = model == "vgg19" || model == "vgg16";
  if (!vgg && model != "resnet50") {
    return absl::NotFoundError(absl::StrCat("no model \"", model.substr(0, 128), "\"; there are ",
                                            absl::StrJoin(ModelNames(), ", ")));
  }
  const std::vector<std::string> vgg_style = {"block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1",
                                              "block5_conv1"};
  if (preset == "reference") {
    recipe.content_layers = Equal({vgg ? "block5_conv2" : "conv5_block3_3_bn"});
    recipe.style_layers =
        Equal(vgg ? vgg_style
                  : std::vector<std::string>{"conv2_block2_2_bn", "conv3_block1_0_bn", "conv3_block1_0_conv",
                                             "conv4_block1_2_bn", "conv5_block1_3_bn"});
    recipe.content_weight = (vgg ? 1e5 : 1) * scale.content;
    recipe.style_weight = (vgg ? 1e-2 : 1e5) * scale.style;
    return recipe;
  }
  if (preset == "painterly") {
    if (vgg) {
      recipe.content_layers = {{"block4_conv2", 0.01}};
      constexpr double kChannels[] = {64, 128, 256, 512, 512};
      for (size_t i = 0; i < vgg_style.size(); ++i)
        recipe.style_layers.push_back({vgg_style[i], 10 / (kChannels[i] * kChannels[i])});
    }
    recipe.content_weight = 1;
    recipe.style_weight = 1;
    return recipe;
  }
  return absl::NotFoundError(absl::StrCat("no preset \"", preset.substr(0, 128), "\"; there are ",
                                          absl::StrJoin(PresetNames(), ", ")));
}

absl::Status ValidateRecipe(const Recipe& recipe, const Graph& graph) {
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
           Check("iterations", recipe.iterations, {1, 100000}),
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
    if (!(sum > 0)) return FieldError("style_picture_weights", "all of them are 0");
  }
  return absl::OkStatus();
}

}  // namespace impasto::engine
