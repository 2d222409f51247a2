#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/recipe.h"

namespace impasto::engine {
namespace {

std::vector<LayerWeight> Equal(const std::vector<std::string>& names) {
  std::vector<LayerWeight> layers;
  for (const std::string& name : names) layers.push_back({name, 1.0 / static_cast<double>(names.size())});
  return layers;
}

const std::vector<std::string>& VggStyleLayers() {
  static const auto& layers = *new std::vector<std::string>{"block1_conv1", "block2_conv1", "block3_conv1",
                                                            "block4_conv1", "block5_conv1"};
  return layers;
}

// The published figures. Their weights of the losses are for Keras's networks. torchvision's activations are
// some fifty times smaller: content losses go with their square, style losses with their fourth power, so
// that the same weights would leave the style out. These factors are the losses' ratios on the same pictures.
Recipe Reference(bool vgg, WeightsFamily family) {
  Recipe recipe;
  const bool torchvision = family == WeightsFamily::kTorchvision;
  recipe.content_layers = Equal({vgg ? "block5_conv2" : "conv5_block3_3_bn"});
  recipe.style_layers =
      Equal(vgg ? VggStyleLayers()
                : std::vector<std::string>{"conv2_block2_2_bn", "conv3_block1_0_bn", "conv3_block1_0_conv",
                                           "conv4_block1_2_bn", "conv5_block1_3_bn"});
  recipe.content_weight = (vgg ? 1e5 : 1) * (torchvision ? 3e3 : 1);
  recipe.style_weight = (vgg ? 1e-2 : 1e5) * (torchvision ? 4e9 : 1);
  return recipe;
}

// Made to look good. Shallow and deep style layers count alike (10 / N^2), and the content layer is one that
// keeps shapes and lets colours go. Its weight is for runs that come far down: with a tenth of it, L-BFGS's
// 100 steps leave of a town no more than its towers.
Recipe Painterly(bool vgg, WeightsFamily family) {
  Recipe recipe;
  recipe.content_weight = 1;
  recipe.style_weight = 1;
  if (vgg) {
    const bool torchvision = family == WeightsFamily::kTorchvision;
    recipe.content_layers = {{"block4_conv2", torchvision ? 5 : 0.1}};
    constexpr double kChannels[] = {64, 128, 256, 512, 512};
    for (size_t i = 0; i < VggStyleLayers().size(); ++i) {
      const double weight = (torchvision ? 1e7 : 10) / (kChannels[i] * kChannels[i]);
      recipe.style_layers.push_back({VggStyleLayers()[i], weight});
    }
  } else {
    // Nothing of the last stage: its maps are too small for a brush stroke.
    recipe.content_layers = {{"conv4_block2_out", 1e3}};
    for (const char* layer :
         {"conv1_relu", "conv2_block1_out", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out"}) {
      recipe.style_layers.push_back({layer, 1e5});
    }
  }
  return recipe;
}

}  // namespace

const std::vector<std::string>& PresetNames() {
  static const auto& names = *new std::vector<std::string>{"painterly", "reference"};
  return names;
}

absl::string_view QualityName(Quality quality) {
  switch (quality) {
    case Quality::kPreset:
      return "preset";
    case Quality::kDraft:
      return "draft";
    case Quality::kGood:
      return "good";
    case Quality::kBest:
      return "best";
  }
  return "";
}

void ApplyQuality(Quality quality, Recipe* recipe) {
  if (quality == Quality::kPreset) return;
  recipe->quality = quality;
  // At 256 x 192 the loss that Adam has after 100 steps is L-BFGS's after 50. Half the history would cost a
  // tenth more steps, twice as much would save a thirtieth.
  recipe->optimizer = OptimizerKind::kLbfgs;
  recipe->lbfgs_history = 10;
  // For whoever asks for Adam: larger steps with less momentum than the published ones, and shorter ones at
  // the end. Its epsilon is out of the way, for gradients are of very different sizes from network to
  // network.
  recipe->learning_rate = 10;
  recipe->schedule = Schedule::kCosine;
  recipe->beta1 = 0.9;
  recipe->beta2 = 0.999;
  recipe->epsilon = 1e-8;
  recipe->pyramid_levels = 0;
  // A picture of 512 x 384 takes some 0.3 s a step on two cores.
  switch (quality) {
    case Quality::kPreset:
      break;
    case Quality::kDraft:
      recipe->iterations = 60;
      recipe->stall_evaluations = 10;
      recipe->stall_improvement = 0.05;
      break;
    case Quality::kGood:
      recipe->iterations = 200;
      recipe->stall_evaluations = 20;
      recipe->stall_improvement = 0.03;
      break;
    case Quality::kBest:
      recipe->iterations = 600;
      recipe->stall_evaluations = 30;
      recipe->stall_improvement = 0.01;
      break;
  }
}

absl::StatusOr<Recipe> MakePreset(absl::string_view preset, absl::string_view model, WeightsFamily family) {
  const bool vgg = model == "vgg19" || model == "vgg16";
  if (!vgg && model != "resnet50") {
    return absl::NotFoundError(absl::StrCat("no model \"", model.substr(0, 128), "\"; there are ",
                                            absl::StrJoin(ModelNames(), ", ")));
  }
  Recipe recipe;
  if (preset == "painterly") {
    recipe = Painterly(vgg, family);
    ApplyQuality(Quality::kGood, &recipe);
  } else if (preset == "reference") {
    recipe = Reference(vgg, family);
  } else {
    return absl::NotFoundError(absl::StrCat("no preset \"", preset.substr(0, 128), "\"; there are ",
                                            absl::StrJoin(PresetNames(), ", ")));
  }
  recipe.model = std::string(model);
  recipe.preset = std::string(preset);
  return recipe;
}

}  // namespace impasto::engine
