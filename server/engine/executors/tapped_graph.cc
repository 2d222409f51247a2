#include "engine/executors/tapped_graph.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace impasto::engine {

absl::StatusOr<TappedGraph> MakeTappedGraph(const Graph& graph, const std::vector<std::string>& taps,
                                            int height, int width, Pooling pooling,
                                            const std::function<bool(const std::string&)>& has_weights) {
  if (taps.empty()) return absl::InvalidArgumentError("no layer is tapped");
  if (std::set<std::string>(taps.begin(), taps.end()).size() != taps.size()) {
    return absl::InvalidArgumentError("a layer is tapped twice");
  }
  IMPASTO_ASSIGN_OR_RETURN(Graph pruned, graph.Prune(taps, pooling));
  IMPASTO_ASSIGN_OR_RETURN(std::vector<TensorShape> shapes, pruned.Shapes(height, width));
  std::vector<std::string> missing;
  for (const Node& node : pruned.nodes()) {
    if (node.HasParameters() && !has_weights(node.name)) missing.push_back(node.name);
  }
  if (!missing.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the weights of ", graph.model(), " lack ", absl::StrJoin(missing, ", ")));
  }
  return TappedGraph{std::move(pruned), std::move(shapes)};
}

}  // namespace impasto::engine
