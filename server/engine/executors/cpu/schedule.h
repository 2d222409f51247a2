// A pruned graph as a list of fused steps: what is worked out once, before any number is known.
#pragma once

#include <string>
#include <vector>

#include "engine/nets/graph.h"

namespace impasto::engine::cpu {

enum class StepKind {
  kBlocked,    // the picture into the blocked layout, for readers other than a convolution
  kWinograd,   // 3x3, padding 1, stride 1
  kPointwise,  // 1x1, stride 1
  kWindows,    // any other convolution: its windows are gathered into rows (im2col)
  kAffine,     // a batch norm that couldn't be folded into the convolution before it
  kCopy,       // a ReLU alone
  kPad,
  kMaxPool,
  kAveragePool,
  kAdd,
};

// What a step makes, and a later one reads. Value 0 is the picture.
struct Value {
  int node = 0;  // of the pruned graph: the last one fused into the producer
  TensorShape shape;
  int producer = -1;         // step; -1: the picture
  std::vector<int> readers;  // steps, rising
  bool relu =
      false;  // the producer ends in a ReLU (or in a max pool behind one): its bits are kept for Backward
  bool tapped = false;
  // Tapped, but made straight from the picture, and read: so large and so quickly made that its map isn't
  // kept until Backward but made once more there.
  bool remade = false;

  // Tapped, and there from Forward to Backward.
  bool kept() const { return tapped && !remade; }
};

struct Step {
  StepKind kind = StepKind::kCopy;
  std::string name;  // the nodes that are fused in it, with + between them
  int in = 0;
  int add = -1;  // a value added to the result before the ReLU; -1: none
  int out = 0;
  int node = 0;         // the convolution, batch norm or pool
  int batch_norm = -1;  // a batch norm folded into the convolution; -1: none
  int kernel = 1, stride = 1, padding = 0;
  bool relu = false;
  bool pool = false;  // kWinograd: a 2x2 max pool with stride 2 is fused behind the ReLU, and the map itself
                      // is never made
};

struct Schedule {
  std::vector<Value> values;
  std::vector<Step> steps;
  std::vector<int> taps;  // value of each tap

  // The last to add to value's gradient in Backward, which goes through the steps from the end.
  bool IsLastContributor(int value, int step) const { return values[value].readers.front() == step; }
  // Whether value's gradient begins as the gradient of the sum that is its last reader, and may do so in the
  // same place.
  bool SharesGradient(int value) const;
};

// `graph` is pruned to the taps; shapes are those of its nodes. A tapped node's map is always made as it is:
// nothing is folded over it.
Schedule MakeSchedule(const Graph& graph, const std::vector<TensorShape>& shapes,
                      const std::vector<std::string>& taps);

}  // namespace impasto::engine::cpu
