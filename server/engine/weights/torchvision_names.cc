#include "engine/weights/torchvision_names.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

// torchvision numbers the convolutions, ReLUs and pools of a VGG in one row: what each number with weights is
// called in Keras.
std::map<int, std::string> FeatureLayers(const Graph& vgg) {
  std::map<int, std::string> layers;
  int position = 0;
  for (const Node& node : vgg.nodes()) {
    if (node.op == Op::kConv2d) {
      layers[position] = node.name;
      position += 2;  // the convolution and its ReLU
    } else if (node.op == Op::kMaxPool) {
      position += 1;
    }
  }
  return layers;
}

bool IsResNet(absl::string_view name) {
  return absl::StartsWith(name, "layer1.0.conv") && absl::EndsWith(name, ".weight");
}

// Those of {VGG19, VGG16} whose convolutions are at all of these positions.
std::vector<std::string> Fitting(const std::set<int>& positions) {
  std::vector<std::string> fitting;
  for (const Graph& graph : {Vgg19(), Vgg16()}) {
    const std::map<int, std::string> layers = FeatureLayers(graph);
    bool fits = true;
    for (const int position : positions) fits = fits && layers.count(position) > 0;
    if (fits) fitting.push_back(graph.model());
  }
  return fitting;
}

absl::StatusOr<std::string> WhichVgg(const std::set<int>& positions, absl::string_view wanted) {
  const std::vector<std::string> fitting = Fitting(positions);
  if (fitting.empty()) {
    return absl::InvalidArgumentError(
        "it is of no known model: its features.N are neither torchvision's VGG16 nor its VGG19 (another VGG "
        "or an AlexNet?)");
  }
  for (const std::string& model : fitting) {
    if (fitting.size() == 1 || model == wanted) return model;
  }
  return absl::InvalidArgumentError(
      "it holds only layers that VGG16 and VGG19 have alike: which of the two it is can't be told");
}

}  // namespace

absl::StatusOr<std::optional<NamedModel>> IdentifyTorchvision(const TensorSource& source,
                                                              absl::string_view wanted) {
  NamedModel named{.family = WeightsFamily::kTorchvision};
  std::set<int> positions;
  std::vector<int> position_of_slot;
  std::string strange;
  for (size_t i = 0; i < source.tensors().size(); ++i) {
    const std::string& name = source.tensors()[i].name;
    if (IsResNet(name)) {
      return absl::InvalidArgumentError(
          "torchvision's ResNet50 has its stride in the 3x3 convolution (v1.5), and its other ResNets have "
          "other blocks: none "
          "fits Keras's ResNet50 v1. Use Keras's resnet50 .h5 file");
    }
    const std::vector<std::string> parts = absl::StrSplit(name, '.');
    if (parts[0] != "features") continue;  // the classifier
    int position = 0;
    const bool plain = parts.size() == 3 && absl::SimpleAtoi(parts[1], &position);
    if (plain && absl::StartsWith(parts[2], "running_")) {
      return absl::InvalidArgumentError(
          "it is a VGG with batch normalisation, which is another network than VGG16 or VGG19");
    }
    if (!plain || (parts[2] != "weight" && parts[2] != "bias")) {
      strange = name;
      continue;
    }
    positions.insert(position);
    position_of_slot.push_back(position);
    named.slots.push_back({i, "", parts[2] == "weight" ? Parameter::kKernel : Parameter::kBias});
  }
  if (named.slots.empty()) return std::nullopt;
  if (!strange.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is of no known model: tensor ", Quoted(strange), " is in neither VGG16 nor VGG19"));
  }
  IMPASTO_ASSIGN_OR_RETURN(named.model, WhichVgg(positions, wanted));
  IMPASTO_ASSIGN_OR_RETURN(const Graph graph, MakeGraph(named.model));
  const std::map<int, std::string> layers = FeatureLayers(graph);
  for (size_t i = 0; i < named.slots.size(); ++i) named.slots[i].layer = layers.at(position_of_slot[i]);
  return named;
}

}  // namespace impasto::engine
