#include "tests/benchmarks/case.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/memory.h"
#include "base/status_macros.h"
#include "engine/stylization.h"
#include "engine/weights/reader.h"
#include "engine/weights/store.h"
#include "tests/benchmarks/flops.h"
#include "tests/benchmarks/pattern.h"
#ifdef IMPASTO_BENCH_ONEDNN
#include "tests/benchmarks/onednn_direct.h"
#endif

namespace impasto::bench {
namespace {

using engine::Graph;
using engine::Model;
using engine::Recipe;
using engine::Stylization;
using engine::Weights;

class EngineStepper final : public Stepper {
 public:
  EngineStepper(std::string description, std::unique_ptr<Stylization> run)
      : description_(std::move(description)), run_(std::move(run)) {}
  std::string description() const override { return description_; }
  absl::Status Step() override { return run_->Step().status(); }

 private:
  const std::string description_;
  const std::unique_ptr<Stylization> run_;
};

absl::StatusOr<std::unique_ptr<Stepper>> MakeEngineStepper(const Case& c, Weights weights,
                                                           int64_t* loaded_bytes) {
  IMPASTO_ASSIGN_OR_RETURN(Recipe recipe, engine::MakePreset("reference", c.model, weights.family));
  recipe.iterations = 100'000;  // as many as the caller wants to see
  recipe.max_size = std::max(c.width, c.height);
  IMPASTO_ASSIGN_OR_RETURN(Graph graph, engine::MakeGraph(c.model));
  engine::DeviceOptions options{.device = "cpu", .threads = c.threads};
  options.executor = c.executor == "cpu" ? "cpu" : "torch";
  options.torch_memory_format = c.executor == "torch-nchw" ? engine::TorchMemoryFormat::kNchw
                                                           : engine::TorchMemoryFormat::kChannelsLast;
  IMPASTO_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model,
                           Model::Load(std::move(graph), std::move(weights), options));
  *loaded_bytes = ResidentBytes();
  // The painting at its usual size.
  const double scale = std::min(1.0, recipe.style_size / static_cast<double>(std::max(c.width, c.height)));
  const auto scaled = [scale](int side) { return std::max(1, static_cast<int>(std::lround(side * scale))); };
  IMPASTO_ASSIGN_OR_RETURN(
      std::unique_ptr<Stylization> run,
      Stylization::Create(model, recipe,
                          Stylization::Share({.content = Pattern(c.width, c.height, 1),
                                              .styles = {Pattern(scaled(c.width), scaled(c.height), 2)}})));
  return std::make_unique<EngineStepper>(model->executor().description(), std::move(run));
}

#ifdef IMPASTO_BENCH_ONEDNN
class OneDnnStepper final : public Stepper {
 public:
  OneDnnStepper(std::unique_ptr<OneDnnDirect> net, size_t elements, const Image& picture)
      : net_(std::move(net)),
        input_(picture.rgb),
        input_gradient_(picture.rgb.size()),
        output_(elements),
        gradient_(elements, 1.0f) {
    for (float& value : input_) value -= 127.5f;
  }
  std::string description() const override { return net_->description(); }
  absl::Status Step() override {
    return net_->Run(input_, gradient_, absl::MakeSpan(output_), absl::MakeSpan(input_gradient_));
  }

 private:
  const std::unique_ptr<OneDnnDirect> net_;
  std::vector<float> input_, input_gradient_, output_;
  const std::vector<float> gradient_;
};

absl::StatusOr<std::unique_ptr<Stepper>> MakeOneDnnStepper(const Case& c, const Weights& weights) {
  IMPASTO_ASSIGN_OR_RETURN(const Recipe recipe, engine::MakePreset("reference", c.model, weights.family));
  IMPASTO_ASSIGN_OR_RETURN(const Graph whole, engine::MakeGraph(c.model));
  IMPASTO_ASSIGN_OR_RETURN(const Graph graph, whole.Prune(TapsOf(recipe)));
  IMPASTO_ASSIGN_OR_RETURN(const auto shapes, graph.Shapes(c.height, c.width));
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<OneDnnDirect> net,
                           OneDnnDirect::Create(graph, weights, c.height, c.width));
  return std::make_unique<OneDnnStepper>(std::move(net), shapes.back().elements(),
                                         Pattern(c.width, c.height, 1));
}
#endif

}  // namespace

const std::vector<std::string>& Executors() {
  static const auto& executors =
      *new std::vector<std::string>{"cpu", "torch-nchw", "torch-channels_last", "onednn"};
  return executors;
}

bool Runs(const std::string& executor, const std::string& model) {
  if (executor != "onednn") return true;
#ifdef IMPASTO_BENCH_ONEDNN
  return absl::StartsWith(model, "vgg");
#else
  return false;
#endif
}

int64_t MemoryGuess(const Case& c) {
  const int64_t pixels = int64_t{c.width} * c.height;
  const int64_t per_pixel = c.executor == "cpu" ? 1'500 : 5'500;
  return pixels * per_pixel + int64_t{1'000'000'000};
}

absl::StatusOr<double> DirectFlopsOf(const Case& c) {
  IMPASTO_ASSIGN_OR_RETURN(const Graph graph, engine::MakeGraph(c.model));
  IMPASTO_ASSIGN_OR_RETURN(const Recipe recipe,
                           engine::MakePreset("reference", c.model, engine::WeightsFamily::kKeras));
  return DirectFlops(graph, TapsOf(recipe), c.height, c.width);
}

absl::StatusOr<Weights> LoadWeights(const std::string& model, const std::string& path,
                                    const std::vector<std::string>& taps) {
  IMPASTO_ASSIGN_OR_RETURN(const Graph graph, engine::MakeGraph(model));
  if (path.empty()) return engine::RandomWeights(graph, 1);
  if (!std::filesystem::is_directory(path)) return engine::ReadWeightsFile(path, graph);
  IMPASTO_ASSIGN_OR_RETURN(const engine::WeightsFileInfo file, engine::WeightsStore(path).Find(model));
  IMPASTO_ASSIGN_OR_RETURN(const Graph needed, graph.Prune(taps.empty() ? graph.LayerNames() : taps));
  // What lacks them can't run the recipe: speed and memory are those of random weights.
  for (const std::string& layer : file.missing) {
    if (needed.Find(layer) >= 0) return engine::RandomWeights(graph, 1);
  }
  return engine::ReadWeightsFile(file.path, graph);
}

absl::StatusOr<std::unique_ptr<Stepper>> MakeStepper(const Case& c, int64_t* loaded_bytes) {
  IMPASTO_ASSIGN_OR_RETURN(Weights weights, LoadWeights(c.model, c.weights));
  if (c.executor != "onednn") return MakeEngineStepper(c, std::move(weights), loaded_bytes);
#ifdef IMPASTO_BENCH_ONEDNN
  *loaded_bytes = ResidentBytes();
  return MakeOneDnnStepper(c, weights);
#else
  return absl::UnimplementedError("this build has no oneDNN");
#endif
}

}  // namespace impasto::bench
