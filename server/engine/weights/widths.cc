#include "engine/weights/widths.h"

#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

// Sets of nodes whose outputs have to have the same number of channels.
class WidthSets {
 public:
  explicit WidthSets(const Graph& graph) : parent_(graph.nodes().size()), sets_(graph.nodes().size()) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    for (size_t i = 0; i < parent_.size(); ++i) {
      const Node& node = graph.nodes()[i];
      if (node.op == Op::kInput || node.op == Op::kConv2d)
        continue;  // all others keep the channels of their inputs
      for (const int input : node.inputs) parent_[Root(i)] = Root(static_cast<size_t>(input));
    }
  }

  // `who`: the layer that says so, for the message.
  absl::Status Set(size_t node, int channels, const std::string& who) {
    Known& set = sets_[Root(node)];
    if (set.channels == 0) {
      set = {channels, who};
    } else if (set.channels != channels) {
      return absl::InvalidArgumentError(absl::StrCat("the channels of its layers don't agree: ", set.who,
                                                     " says ", set.channels, ", ", who, " says ", channels));
    }
    return absl::OkStatus();
  }

  // 0: not known.
  int Get(size_t node) { return sets_[Root(node)].channels; }

 private:
  struct Known {
    int channels = 0;
    std::string who;
  };
  size_t Root(size_t node) {
    while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
    return node;
  }

  std::vector<size_t> parent_;
  std::vector<Known> sets_;
};

}  // namespace

absl::StatusOr<Graph> AdaptWidths(const Graph& graph,
                                  const std::map<std::string, LayerWidth, std::less<>>& known) {
  std::vector<Node> nodes = graph.nodes();
  WidthSets sets(graph);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.op == Op::kInput) IMPASTO_RETURN_IF_ERROR(sets.Set(i, 3, "the picture"));
    const auto it = known.find(node.name);
    if (it == known.end() || !node.HasParameters()) continue;
    const int in = graph.nodes()[static_cast<size_t>(node.inputs[0])].channels;
    if (it->second.out > node.channels || it->second.in > in) {
      return absl::InvalidArgumentError(absl::StrCat("layer ", node.name, " makes ", it->second.out,
                                                     " channels of ", it->second.in, "; that of ",
                                                     graph.model(), " makes ", node.channels, " of ", in));
    }
    IMPASTO_RETURN_IF_ERROR(sets.Set(i, it->second.out, absl::StrCat("the output of ", node.name)));
    IMPASTO_RETURN_IF_ERROR(sets.Set(static_cast<size_t>(node.inputs[0]), it->second.in,
                                     absl::StrCat("the input of ", node.name)));
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (const int channels = sets.Get(i); channels > 0) nodes[i].channels = channels;
  }
  return Graph(graph.model(), std::move(nodes));
}

}  // namespace impasto::engine
