#include "engine/nets/graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/strings.h"

namespace impasto::engine {

Graph::Graph(std::string model, std::vector<Node> nodes)
    : model_(std::move(model)), nodes_(std::move(nodes)) {
  for (size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].name] = static_cast<int>(i);
}

int Graph::Find(absl::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? -1 : it->second;
}

std::vector<std::string> Graph::LayerNames() const {
  std::vector<std::string> names;
  for (const Node& node : nodes_) {
    if (node.op != Op::kInput) names.push_back(node.name);
  }
  return names;
}

absl::StatusOr<Graph> Graph::Prune(const std::vector<std::string>& taps, Pooling pooling) const {
  std::vector<bool> needed(nodes_.size(), false);
  for (const std::string& tap : taps) {
    const int i = Find(tap);
    if (i < 0 || nodes_[i].op == Op::kInput) {
      return absl::InvalidArgumentError(absl::StrCat("unknown layer \"", tap.substr(0, 128), "\" of ", model_,
                                                     "; the nearest names are ",
                                                     absl::StrJoin(NearestNames(tap, LayerNames()), ", ")));
    }
    needed[i] = true;
  }
  // Inputs come before the nodes that use them, so one pass from the end finds all.
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const int input : nodes_[i].inputs) needed[input] = true;
  }
  std::vector<int> position(nodes_.size(), -1);
  std::vector<Node> kept;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!needed[i]) continue;
    Node node = nodes_[i];
    for (int& input : node.inputs) input = position[input];
    if (node.op == Op::kMaxPool && pooling == Pooling::kAverage) node.op = Op::kAveragePool;
    position[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(node));
  }
  return Graph(model_, std::move(kept));
}

absl::StatusOr<std::vector<TensorShape>> Graph::Shapes(int height, int width) const {
  std::vector<TensorShape> shapes(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.op == Op::kInput) {
      shapes[i] = {3, height, width};
      continue;
    }
    const TensorShape& in = shapes[node.inputs[0]];
    auto out_size = [&node](int size) { return (size + 2 * node.padding - node.kernel) / node.stride + 1; };
    TensorShape out = in;
    switch (node.op) {
      case Op::kConv2d:
      case Op::kMaxPool:
      case Op::kAveragePool:
        // A window larger than the padded map has no position; integer division would round it up to one.
        if (std::min(in.height, in.width) + 2 * node.padding < node.kernel) {
          return absl::InvalidArgumentError(absl::StrFormat(
              "a picture of %d x %d pixels is too small for layer %s of %s: its input would be %d x %d",
              width, height, node.name, model_, in.width, in.height));
        }
        out = {node.channels, out_size(in.height), out_size(in.width)};
        break;
      case Op::kZeroPad:
        out = {in.channels, in.height + 2 * node.padding, in.width + 2 * node.padding};
        break;
      default:
        break;
    }
    shapes[i] = out;
  }
  return shapes;
}

const std::vector<std::string>& ModelNames() {
  static const auto& names = *new std::vector<std::string>{"vgg19", "vgg16", "resnet50"};
  return names;
}

absl::StatusOr<Graph> MakeGraph(absl::string_view model) {
  if (model == "vgg19") return Vgg19();
  if (model == "vgg16") return Vgg16();
  if (model == "resnet50") return ResNet50();
  return absl::NotFoundError(
      absl::StrCat("no model \"", model.substr(0, 128), "\"; there are ", absl::StrJoin(ModelNames(), ", ")));
}

}  // namespace impasto::engine
