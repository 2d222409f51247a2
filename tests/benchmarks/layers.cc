#include "tests/benchmarks/layers.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "base/threads.h"
#include "engine/executors/cpu/cpu_executor.h"
#include "engine/recipe.h"
#include "tests/benchmarks/case.h"
#include "tests/benchmarks/flops.h"
#include "tests/benchmarks/json_file.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/peak.h"

namespace impasto::bench {
namespace {

using Json = nlohmann::ordered_json;
using engine::StepTime;

// Of one direction; "" where the step has no convolution.
std::string Gflops(double flops, double seconds) {
  if (flops <= 0 || seconds <= 0) return "";
  return absl::StrFormat("%.0f", flops / seconds / 1e9);
}

// "conv2_block1_1_conv+conv2_block1_1_bn" is "conv2_block1_1_conv + bn" in the table.
std::string ShortName(const std::string& step) {
  std::vector<std::string> names = absl::StrSplit(step, '+');
  for (size_t i = 1; i < names.size(); ++i) names[i] = names[i].substr(names[i].rfind('_') + 1);
  return absl::StrJoin(names, " + ");
}

void Print(const std::string& name, double forward, double backward, double flops, double all) {
  std::printf("%-44s %10.2f %10.2f %8s %8s %7.1f\n", name.c_str(), forward * 1e3, backward * 1e3,
              Gflops(flops, forward).c_str(), Gflops(flops, backward).c_str(),
              100 * (forward + backward) / all);
}

absl::StatusOr<Json> Profile(const LayersOptions& options, const std::string& model, int threads) {
  IMPASTO_ASSIGN_OR_RETURN(engine::Weights weights, LoadWeights(model, options.weights));
  IMPASTO_ASSIGN_OR_RETURN(const engine::Recipe recipe,
                           engine::MakePreset("reference", model, weights.family));
  IMPASTO_ASSIGN_OR_RETURN(const engine::Graph graph, engine::MakeGraph(model));
  IMPASTO_ASSIGN_OR_RETURN(const auto executor, engine::MakeCpuExecutor(graph, std::move(weights), threads));
  IMPASTO_ASSIGN_OR_RETURN(const std::vector<StepTime> steps,
                           engine::ProfileSteps(*executor, TapsOf(recipe), options.size.height,
                                                options.size.width, options.repeats));
  StepTime sum;
  for (const StepTime& step : steps) {
    sum.forward_seconds += step.forward_seconds;
    sum.backward_seconds += step.backward_seconds;
    sum.direct_flops += step.direct_flops;
  }
  const double all = sum.forward_seconds + sum.backward_seconds;
  std::printf("\n%s, %d x %d, %s\n", model.c_str(), options.size.width, options.size.height,
              executor->description().c_str());
  std::printf("%-44s %10s %10s %8s %8s %7s\n", "step", "forward ms", "backward", "GFLOP/s", "back", "% time");
  Json lines = Json::array();
  for (const StepTime& step : steps) {
    Print(ShortName(step.step), step.forward_seconds, step.backward_seconds, step.direct_flops, all);
    lines.push_back({{"step", step.step},
                     {"forward_seconds", step.forward_seconds},
                     {"backward_seconds", step.backward_seconds},
                     {"direct_flops", step.direct_flops}});
  }
  Print("all", sum.forward_seconds, sum.backward_seconds, sum.direct_flops, all);
  return Json{{"model", model},
              {"width", options.size.width},
              {"height", options.size.height},
              {"description", executor->description()},
              {"steps", std::move(lines)}};
}

}  // namespace

absl::Status RunLayers(const LayersOptions& options) {
  const int threads = options.threads > 0 ? options.threads : AvailableThreads();
  const Peak peak = MeasurePeak(threads);
  std::printf("%s\n%d threads; floating-point peak %.0f GFLOP/s (%s)\n", Processor().c_str(), threads,
              peak.gflops, peak.target.c_str());
  Json json = {{"processor", Processor()}, {"threads", threads}, {"peak_gflops", peak.gflops}};
  for (const std::string& model : options.models) {
    IMPASTO_ASSIGN_OR_RETURN(Json profile, Profile(options, model, threads));
    json["models"].push_back(std::move(profile));
  }
  return WriteJsonFile(options.json_file, json);
}

}  // namespace impasto::bench
