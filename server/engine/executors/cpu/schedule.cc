#include "engine/executors/cpu/schedule.h"

#include <algorithm>

namespace impasto::engine::cpu {
namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, const std::vector<TensorShape>& shapes, const std::vector<std::string>& taps)
      : nodes_(graph.nodes()), shapes_(shapes), readers_(nodes_.size()), tapped_(nodes_.size(), false) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const int input : nodes_[i].inputs) readers_[input].push_back(static_cast<int>(i));
    }
    for (const std::string& tap : taps) tapped_[graph.Find(tap)] = true;
    done_.resize(nodes_.size(), false);
    value_of_.resize(nodes_.size(), -1);
    schedule_.values.push_back({.node = 0, .shape = shapes_[0]});
    value_of_[0] = 0;
    done_[0] = true;
  }

  Schedule Fuse(const Graph& graph, const std::vector<std::string>& taps) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!done_[i]) Start(static_cast<int>(i));
    }
    for (const std::string& tap : taps) schedule_.taps.push_back(value_of_[graph.Find(tap)]);
    for (size_t s = 0; s < schedule_.steps.size(); ++s) {
      const Step& step = schedule_.steps[s];
      schedule_.values[step.in].readers.push_back(static_cast<int>(s));
      if (step.add >= 0 && step.add != step.in)
        schedule_.values[step.add].readers.push_back(static_cast<int>(s));
    }
    for (Value& value : schedule_.values) {
      if (!value.tapped || value.readers.empty()) continue;
      const Step& step = schedule_.steps[value.producer];
      value.remade = step.kind == StepKind::kWindows && step.in == 0 && step.add < 0;
    }
    return std::move(schedule_);
  }

 private:
  // The only reader of a node that nobody looks at: it may be fused behind it. -1: none.
  int Next(int node) const { return !tapped_[node] && readers_[node].size() == 1 ? readers_[node][0] : -1; }
  bool Is(int node, Op op) const { return node >= 0 && nodes_[node].op == op; }

  // Fuses `next` behind the step that ends in `last`.
  void Take(Step* step, int* last, int next) {
    step->name += "+" + nodes_[next].name;
    done_[next] = true;
    *last = next;
  }

  void Start(int i) {
    const Node& node = nodes_[i];
    Step step{
        .name = node.name, .node = i, .kernel = node.kernel, .stride = node.stride, .padding = node.padding};
    done_[i] = true;
    int last = i;
    if (node.op == Op::kZeroPad && TakeWindowReader(i, &step, &last)) {
      // step.node is the convolution or pool now.
    } else if (node.op == Op::kConv2d) {
      step.kind = ConvolutionKind(step, node.inputs[0]);
    } else {
      step.kind = node.op == Op::kBatchNorm     ? StepKind::kAffine
                  : node.op == Op::kRelu        ? StepKind::kCopy
                  : node.op == Op::kZeroPad     ? StepKind::kPad
                  : node.op == Op::kMaxPool     ? StepKind::kMaxPool
                  : node.op == Op::kAveragePool ? StepKind::kAveragePool
                                                : StepKind::kAdd;
    }
    step.relu = node.op == Op::kRelu || nodes_[step.node].relu;
    const bool convolution = Is(step.node, Op::kConv2d);
    if (convolution && !step.relu && Is(Next(last), Op::kBatchNorm)) {
      step.batch_norm = Next(last);
      Take(&step, &last, step.batch_norm);
    }
    if (node.op == Op::kAdd) {
      step.add = Read(node.inputs[1]);
    } else if ((convolution || step.kind == StepKind::kAffine) && !step.relu && Is(Next(last), Op::kAdd)) {
      // The other summand has to be there already, or be the picture's own layout's matter.
      const int sum = Next(last);
      const int other = nodes_[sum].inputs[0] == last ? nodes_[sum].inputs[1] : nodes_[sum].inputs[0];
      if (other != last && other != 0 && value_of_[other] >= 0) {
        step.add = value_of_[other];
        Take(&step, &last, sum);
      }
    }
    const bool may_relu = convolution || step.kind == StepKind::kAffine || step.kind == StepKind::kAdd;
    if (may_relu && !step.relu && Is(Next(last), Op::kRelu)) {
      Take(&step, &last, Next(last));
      step.relu = true;
    }
    if (step.kind == StepKind::kWinograd && step.relu && step.add < 0 && Is(Next(last), Op::kMaxPool) &&
        nodes_[Next(last)].kernel == 2 && nodes_[Next(last)].stride == 2) {
      Take(&step, &last, Next(last));
      step.pool = true;
    }
    const int input = nodes_[i].inputs[0];
    step.in = convolution && step.kind == StepKind::kWindows && input == 0 ? 0 : Read(input);
    Emit(std::move(step), last);
  }

  // Padding is folded into the convolution or pool behind it.
  bool TakeWindowReader(int pad, Step* step, int* last) {
    const int next = Next(pad);
    if (!Is(next, Op::kConv2d) && !Is(next, Op::kMaxPool)) return false;
    const Node& reader = nodes_[next];
    step->node = next;
    step->kernel = reader.kernel;
    step->stride = reader.stride;
    step->padding += reader.padding;
    step->kind =
        reader.op == Op::kMaxPool ? StepKind::kMaxPool : ConvolutionKind(*step, nodes_[pad].inputs[0]);
    Take(step, last, next);
    return true;
  }

  static StepKind ConvolutionKind(const Step& step, int input) {
    // The picture's three channels are gathered from planes.
    if (input != 0 && step.kernel == 3 && step.stride == 1 && step.padding == 1) return StepKind::kWinograd;
    if (input != 0 && step.kernel == 1 && step.stride == 1 && step.padding == 0) return StepKind::kPointwise;
    return StepKind::kWindows;
  }

  // The value of a node, in the blocked layout.
  int Read(int node) {
    if (node != 0) return value_of_[node];
    if (blocked_picture_ < 0) {
      Step step{.kind = StepKind::kBlocked, .name = nodes_[0].name, .in = 0};
      blocked_picture_ = static_cast<int>(schedule_.values.size());
      Emit(std::move(step), 0);
      value_of_[0] = 0;
    }
    return blocked_picture_;
  }

  void Emit(Step step, int last) {
    step.out = static_cast<int>(schedule_.values.size());
    value_of_[last] = step.out;
    schedule_.values.push_back({.node = last,
                                .shape = shapes_[last],
                                .producer = static_cast<int>(schedule_.steps.size()),
                                .relu = step.relu,
                                .tapped = last != 0 && tapped_[last]});
    schedule_.steps.push_back(std::move(step));
  }

  const std::vector<Node>& nodes_;
  const std::vector<TensorShape>& shapes_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> tapped_, done_;
  std::vector<int> value_of_;
  int blocked_picture_ = -1;
  Schedule schedule_;
};

}  // namespace

bool Schedule::SharesGradient(int value) const {
  const Value& summand = values[value];
  if (summand.tapped || summand.readers.empty()) return false;
  const int reader = summand.readers.back();
  const Step& step = steps[reader];
  // A mask that belongs to the summand alone would reach the sum's gradient before the step's other input has
  // read it.
  return step.add == value && step.in != value && !values[step.out].tapped &&
         !(summand.relu && IsLastContributor(value, reader));
}

Schedule MakeSchedule(const Graph& graph, const std::vector<TensorShape>& shapes,
                      const std::vector<std::string>& taps) {
  return Fuser(graph, shapes, taps).Fuse(graph, taps);
}

}  // namespace impasto::engine::cpu
