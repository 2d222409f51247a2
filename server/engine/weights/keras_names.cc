#include "engine/weights/keras_names.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

struct Suffix {
  absl::string_view text;
  Parameter parameter;
};
// Keras 2: the last part of the path.
constexpr Suffix kModern[] = {{"kernel", Parameter::kKernel},    {"bias", Parameter::kBias},
                              {"gamma", Parameter::kGamma},      {"beta", Parameter::kBeta},
                              {"moving_mean", Parameter::kMean}, {"moving_variance", Parameter::kVariance}};
// Keras 1: the end of the last part, "block1_conv1_W_1:0". What it calls running_std is the variance.
constexpr Suffix kOld[] = {{"_W", Parameter::kKernel},          {"_b", Parameter::kBias},
                           {"_gamma", Parameter::kGamma},       {"_beta", Parameter::kBeta},
                           {"_running_mean", Parameter::kMean}, {"_running_std", Parameter::kVariance}};

// "kernel:0" is "kernel".
absl::string_view WithoutOutputIndex(absl::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == absl::string_view::npos ? name : name.substr(0, colon);
}

// "block1_conv1_W_1" is "block1_conv1_W": the number counts the copies of a layer in the writer's session.
absl::string_view WithoutCopyNumber(absl::string_view name) {
  const size_t end = name.find_last_not_of("0123456789");
  const bool numbered = end != absl::string_view::npos && end + 1 < name.size() && name[end] == '_';
  return numbered ? name.substr(0, end) : name;
}

// The parameter that a path's last part names, and for Keras 1 the layer that it names with it.
struct Leaf {
  Parameter parameter;
  absl::string_view layer;  // "" where the part has no layer's name
};
std::optional<Leaf> ParseLeaf(absl::string_view part) {
  part = WithoutOutputIndex(part);
  for (const Suffix& suffix : kModern) {
    if (part == suffix.text) return Leaf{suffix.parameter, ""};
  }
  for (const absl::string_view name : {part, WithoutCopyNumber(part)}) {
    for (const Suffix& suffix : kOld) {
      absl::string_view layer = name;
      if (absl::ConsumeSuffix(&layer, suffix.text) && !layer.empty()) return Leaf{suffix.parameter, layer};
    }
  }
  return std::nullopt;
}

// Whether a layer has the kind of name that the known models give: one that isn't in the graph then says
// "another variant".
bool LooksLikeVggLayer(absl::string_view name) {
  return absl::ConsumePrefix(&name, "block") && name.size() >= 2 &&
         std::isdigit(static_cast<unsigned char>(name[0])) && name[1] == '_';
}
bool LooksLikeResNetLayer(absl::string_view name) {
  if (absl::StrContains(name, "_branch")) return true;  // "res4b22_branch2a": a deeper ResNet in older names
  return absl::ConsumePrefix(&name, "conv") && name.size() >= 2 &&
         std::isdigit(static_cast<unsigned char>(name[0])) && name[1] == '_';
}

std::set<std::string, std::less<>> ParameterisedLayers(const Graph& graph) {
  std::set<std::string, std::less<>> layers;
  for (const Node& node : graph.nodes()) {
    if (node.HasParameters()) layers.insert(node.name);
  }
  return layers;
}

struct KnownLayers {
  // VGG16's layers are all VGG19's too.
  std::set<std::string, std::less<>> vgg = ParameterisedLayers(Vgg19());
  std::set<std::string, std::less<>> resnet = ParameterisedLayers(ResNet50());
  bool Contains(absl::string_view layer) const { return vgg.count(layer) > 0 || resnet.count(layer) > 0; }
};
const KnownLayers& Known() {
  static const auto& known = *new KnownLayers;
  return known;
}

// VGG19 has a fourth convolution in blocks 3 to 5. A file that reaches past block3_conv3 shows whether there
// is one.
absl::StatusOr<std::string> WhichVgg(const std::set<std::string>& names, absl::string_view wanted) {
  bool past = names.count("block3_pool") > 0;
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "block") && absl::EndsWith(name, "_conv4")) return "vgg19";
    if (absl::StartsWith(name, "block4_") || absl::StartsWith(name, "block5_")) past = true;
  }
  if (past) return "vgg16";
  for (const char* model : {"vgg19", "vgg16"}) {
    if (names.count(model) > 0 || wanted == model) return model;
  }
  return absl::InvalidArgumentError(
      "it holds only layers that VGG16 and VGG19 have alike: which of the two it is can't be told");
}

}  // namespace

std::string ModernKerasName(absl::string_view layer) {
  if (layer == "conv1") return "conv1_conv";
  if (layer == "bn_conv1") return "conv1_bn";
  // res{stage}{block letter}_branch{1|2a|2b|2c}; bn the same.
  absl::string_view rest = layer;
  absl::string_view kind;
  if (absl::ConsumePrefix(&rest, "res")) {
    kind = "conv";
  } else if (absl::ConsumePrefix(&rest, "bn")) {
    kind = "bn";
  } else {
    return std::string(layer);
  }
  if (rest.size() < 10 || rest[0] < '2' || rest[0] > '5' || rest[1] < 'a' || rest[1] > 'f' ||
      rest.substr(2, 7) != "_branch") {
    return std::string(layer);
  }
  const absl::string_view branch = rest.substr(9);
  int position = 0;
  if (branch == "1") {
    position = 0;  // the shortcut
  } else if (branch == "2a" || branch == "2b" || branch == "2c") {
    position = branch[1] - 'a' + 1;
  } else {
    return std::string(layer);
  }
  return absl::StrCat("conv", rest.substr(0, 1), "_block", rest[1] - 'a' + 1, "_", position, "_", kind);
}

absl::StatusOr<std::optional<NamedModel>> IdentifyKeras(const TensorSource& source, bool kernels_hwio,
                                                        absl::string_view wanted) {
  NamedModel named{.family = WeightsFamily::kKeras, .kernels_hwio = kernels_hwio};
  std::set<std::string> names;  // all that may tell the models apart
  for (const std::string& layer : source.claimed_layers()) names.insert(layer);
  std::string vgg_layer;
  std::string resnet_layer;
  std::string stray_vgg_layer;
  std::string stray_resnet_layer;
  for (size_t i = 0; i < source.tensors().size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(source.tensors()[i].name, '/');
    const std::optional<Leaf> leaf = ParseLeaf(parts.back());
    names.insert(parts.begin(), parts.end() - 1);
    // A layer's group may lie in a model's, and hold one of a slightly different name: the innermost known
    // one counts.
    std::vector<absl::string_view> candidates(parts.rbegin() + 1, parts.rend());
    if (leaf.has_value() && !leaf->layer.empty()) candidates.insert(candidates.begin(), leaf->layer);
    std::string layer;
    for (const absl::string_view candidate : candidates) {
      const std::string modern = ModernKerasName(candidate);
      if (!Known().Contains(modern)) continue;
      layer = modern;
      break;
    }
    if (layer.empty()) {  // the classifier's, or another network's
      for (const absl::string_view candidate : candidates) {
        if (LooksLikeVggLayer(candidate)) stray_vgg_layer = std::string(candidate);
        if (LooksLikeResNetLayer(candidate)) stray_resnet_layer = std::string(candidate);
      }
      continue;
    }
    if (!leaf.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("layer ", layer, " has the unknown parameter ",
                                                     Quoted(parts.back()), ": it is of another model"));
    }
    (Known().vgg.count(layer) > 0 ? vgg_layer : resnet_layer) = layer;
    named.slots.push_back({i, layer, leaf->parameter});
  }
  if (vgg_layer.empty() && resnet_layer.empty()) return std::nullopt;
  if (!vgg_layer.empty() && !resnet_layer.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it holds layers of a VGG (", vgg_layer, ") and of a ResNet (", resnet_layer, ")"));
  }
  if (!vgg_layer.empty()) {
    if (!stray_vgg_layer.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "it is of no known model: layer ", Quoted(stray_vgg_layer), " is in neither VGG16 nor VGG19"));
    }
    IMPASTO_ASSIGN_OR_RETURN(named.model, WhichVgg(names, wanted));
    return named;
  }
  if (!stray_resnet_layer.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is of no known model: layer ", Quoted(stray_resnet_layer),
                     " is not in ResNet50 v1; ResNet101, ResNet152 and ResNet50V2 are other networks"));
  }
  named.model = "resnet50";
  return named;
}

}  // namespace impasto::engine
