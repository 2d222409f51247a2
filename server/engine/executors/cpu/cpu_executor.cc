#include "engine/executors/cpu/cpu_executor.h"

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/threads.h"
#include "engine/executors/cpu/convolution.h"
#include "engine/executors/cpu/maps.h"
#include "engine/executors/cpu/plan.h"
#include "engine/executors/cpu/thread_pool.h"
#include "engine/executors/tapped_graph.h"

namespace impasto::engine {
namespace {

using cpu::ConvolutionWeights;
using cpu::ScaleAndShift;
using cpu::Step;
using cpu::StepWeights;

// The pool of this many threads, one for all executors of the process that live at the same time: two models
// loaded don't double the threads.
std::shared_ptr<cpu::ThreadPool> SharedPool(int threads) {
  static std::mutex& mutex = *new std::mutex;
  static auto& pools = *new std::map<int, std::weak_ptr<cpu::ThreadPool>>;
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<cpu::ThreadPool> pool = pools[threads].lock();
  if (pool == nullptr) pools[threads] = pool = std::make_shared<cpu::ThreadPool>(threads);
  return pool;
}

class CpuExecutor final : public Executor {
 public:
  CpuExecutor(Graph graph, Weights weights, int threads)
      : graph_(std::move(graph)),
        pool_(SharedPool(threads > 0 ? threads : AvailableThreads())),
        layers_(std::move(weights.layers)),
        execution_{.executor = "cpu",
                   .instruction_set = cpu::TargetName(),
                   .tiles = cpu::WinogradTiles(),
                   .memory_format = absl::StrCat("blocked", cpu::kBlock),
                   .precision = "float32",
                   .threads = pool_->threads(),
                   .device = "cpu"} {
    for (const auto& [name, layer] : layers_) known_.insert(name);
    for (const Node& node : graph_.nodes()) {
      if (node.op == Op::kBatchNorm) may_fold_.insert(graph_.nodes()[node.inputs[0]].name);
    }
  }

  std::string description() const override {
    return absl::StrCat("Impasto's CPU executor, ", execution_.threads, " threads, ",
                        execution_.instruction_set);
  }
  const Execution& execution() const override { return execution_; }

  absl::StatusOr<std::unique_ptr<Plan>> Compile(const std::vector<std::string>& taps, int height, int width,
                                                Pooling pooling) const override {
    return Compile(taps, height, width, pooling, nullptr);
  }

  // `times`: of the plan's lifetime; sized and named here.
  absl::StatusOr<std::unique_ptr<Plan>> Compile(const std::vector<std::string>& taps, int height, int width,
                                                Pooling pooling, std::vector<StepTime>* times) const {
    IMPASTO_ASSIGN_OR_RETURN(const TappedGraph tapped, Tap(taps, height, width, pooling));
    cpu::Schedule schedule = cpu::MakeSchedule(tapped.graph, tapped.shapes, taps);
    std::vector<StepWeights> weights;
    for (const Step& step : schedule.steps) {
      IMPASTO_ASSIGN_OR_RETURN(StepWeights of_step, WeightsOf(step, tapped.graph));
      if (times != nullptr) times->push_back({.step = step.name, .direct_flops = DirectFlops(step, tapped)});
      weights.push_back(std::move(of_step));
    }
    return cpu::MakePlan(std::move(schedule), taps, std::move(weights), pool_, times);
  }

  absl::StatusOr<PlanForecast> Forecast(const std::vector<std::string>& taps, int height, int width,
                                        Pooling pooling, bool keep_gradient) const override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    IMPASTO_ASSIGN_OR_RETURN(const TappedGraph tapped, Tap(taps, height, width, pooling));
    const cpu::Schedule schedule = cpu::MakeSchedule(tapped.graph, tapped.shapes, taps);
    PlanForecast forecast;
    std::vector<ConvolutionWeights> convolutions;
    for (const Step& step : schedule.steps) {
      // A batch norm of its own has two numbers a channel, which aren't worth counting.
      const ConvolutionWeights& convolution = convolutions.emplace_back(Describe(step, tapped));
      if (Prepared(step, tapped.graph)) continue;
      forecast.weights += static_cast<int64_t>(convolution.bytes());
      // In place of the numbers that it is made of, where nothing else can need them.
      if (!may_fold_.contains(tapped.graph.nodes()[step.node].name)) {
        forecast.weights -= int64_t{convolution.in_channels} * convolution.out_channels * convolution.kernel *
                            convolution.kernel * static_cast<int64_t>(sizeof(float));
      }
    }
    forecast.plan =
        static_cast<int64_t>(cpu::PlanBytes(schedule, convolutions, pool_->threads(), keep_gradient));
    for (const int v : schedule.taps) {
      const auto map = static_cast<int64_t>(cpu::BlockedFloats(schedule.values[v].shape) * sizeof(float));
      forecast.taps.push_back({.stored = map, .distance = schedule.values[v].remade ? map : 0});
    }
    return forecast;
  }

 private:
  absl::StatusOr<TappedGraph> Tap(const std::vector<std::string>& taps, int height, int width,
                                  Pooling pooling) const {
    return MakeTappedGraph(graph_, taps, height, width, pooling,
                           [this](const std::string& name) { return known_.contains(name); });
  }

  // Empty for a step that isn't a convolution.
  static ConvolutionWeights Describe(const Step& step, const TappedGraph& tapped) {
    const Node& node = tapped.graph.nodes()[step.node];
    if (node.op != Op::kConv2d) return {};
    return cpu::DescribeConvolution(step, tapped.shapes[node.inputs[0]].channels, node.channels);
  }

  // What the step's weights are known by in prepared_.
  static std::string KeyOf(const Step& step, const Graph& graph) {
    const std::string& name = graph.nodes()[step.node].name;
    return step.batch_norm < 0 ? name : absl::StrCat(name, "+", graph.nodes()[step.batch_norm].name);
  }

  bool Prepared(const Step& step, const Graph& graph) const ABSL_LOCKS_EXCLUDED(mutex_) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return prepared_.contains(KeyOf(step, graph));
  }

  static double DirectFlops(const Step& step, const TappedGraph& tapped) {
    const Node& node = tapped.graph.nodes()[step.node];
    if (node.op != Op::kConv2d) return 0;
    return 2.0 * static_cast<double>(tapped.shapes[step.node].elements()) *
           tapped.shapes[node.inputs[0]].channels * node.kernel * node.kernel;
  }

  absl::StatusOr<StepWeights> WeightsOf(const Step& step, const Graph& graph) const
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const Node& node = graph.nodes()[step.node];
    if (!node.HasParameters()) return StepWeights{};
    const Node* norm = step.batch_norm < 0 ? nullptr : &graph.nodes()[step.batch_norm];
    const std::lock_guard<std::mutex> lock(mutex_);
    StepWeights& prepared = prepared_[KeyOf(step, graph)];
    if (prepared.convolution != nullptr || prepared.affine != nullptr) return prepared;
    LayerWeights& layer = layers_.find(node.name)->second;
    if (node.op == Op::kBatchNorm) {
      prepared.affine = std::make_shared<ScaleAndShift>(cpu::BatchNormCoefficients(layer, node.epsilon));
      return prepared;
    }
    auto convolution = std::make_shared<ConvolutionWeights>(
        cpu::PrepareConvolution(step, layer, norm == nullptr ? nullptr : &layers_.find(norm->name)->second,
                                norm == nullptr ? 0.0 : norm->epsilon, *pool_));
    if (!convolution->complete()) {
      return absl::ResourceExhaustedError(absl::StrCat("no memory left for the weights of ", node.name));
    }
    prepared.convolution = std::move(convolution);
    // Without a batch norm behind it the layer has no second form that its numbers could be needed for.
    if (!may_fold_.contains(node.name)) std::vector<float>().swap(layer.kernel);
    return prepared;
  }

  const Graph graph_;
  const std::shared_ptr<cpu::ThreadPool> pool_;
  std::set<std::string> known_, may_fold_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, LayerWeights, std::less<>> layers_;
  // By layer, or layer+batch norm where that is folded in.
  mutable std::map<std::string, StepWeights, std::less<>> prepared_;
  const Execution execution_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Executor>> MakeCpuExecutor(const Graph& graph, Weights weights,
                                                                int threads) {
  if (!cpu::TargetSupported()) {
    return absl::FailedPreconditionError(
        "this processor lacks the SSE4 instructions that the CPU executor needs");
  }
  return std::make_unique<CpuExecutor>(graph, std::move(weights), threads);
}

absl::StatusOr<std::vector<StepTime>> ProfileSteps(const Executor& executor,
                                                   const std::vector<std::string>& taps, int height,
                                                   int width, int repeats) {
  const auto* cpu_executor = dynamic_cast<const CpuExecutor*>(&executor);
  if (cpu_executor == nullptr)
    return absl::InvalidArgumentError("only the CPU executor has steps to profile");
  std::vector<StepTime> times;
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<Plan> plan,
                           cpu_executor->Compile(taps, height, width, Pooling::kMax, &times));
  std::vector<float> picture(3 * static_cast<size_t>(height) * static_cast<size_t>(width), 1.0f);
  for (int run = 0; run <= repeats; ++run) {
    if (run == 1) {
      for (StepTime& time : times) time.forward_seconds = time.backward_seconds = 0;
    }
    IMPASTO_RETURN_IF_ERROR(plan->Forward(picture, /*keep_gradient=*/true));
    for (size_t tap = 0; tap < taps.size(); ++tap) {
      const auto channels = static_cast<size_t>(plan->tap_shape(static_cast<int>(tap)).channels);
      IMPASTO_RETURN_IF_ERROR(
          plan->AddMatrixTimesMap(static_cast<int>(tap), std::vector<float>(channels * channels, 1e-3f)));
    }
    IMPASTO_RETURN_IF_ERROR(plan->Backward(absl::MakeSpan(picture)));
    std::fill(picture.begin(), picture.end(), 1.0f);
  }
  for (StepTime& time : times) {
    time.forward_seconds /= repeats;
    time.backward_seconds /= repeats;
  }
  return times;
}

}  // namespace impasto::engine
