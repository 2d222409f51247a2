#include "tests/benchmarks/memory.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/memory.h"
#include "base/status_macros.h"
#include "base/threads.h"
#include "engine/memory_forecast.h"
#include "engine/pyramid.h"
#include "engine/stylization.h"
#include "tests/benchmarks/case.h"
#include "tests/benchmarks/child.h"
#include "tests/benchmarks/flops.h"
#include "tests/benchmarks/json_file.h"
#include "tests/benchmarks/losses.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/pattern.h"

namespace impasto::bench {
namespace {

using Json = nlohmann::ordered_json;
using engine::MemoryForecast;
using engine::Model;
using engine::Recipe;
using engine::Stylization;

// Steps of each level: enough to fill L-BFGS's history of 10 pairs, though some steps are taken back.
constexpr int kSteps = 40;

// The painterly recipe, or another preset, with changes.
struct Job {
  Case c;
  std::string preset = "painterly";
  std::string method;         // "NAME:key=value,...", as --losses takes it
  std::string content_layer;  // in place of the preset's
};

std::string JobArgument(const Job& job) {
  return Json{CaseArgument(job.c), job.preset, job.method, job.content_layer}.dump();
}

absl::StatusOr<Job> ParseJobArgument(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Job job;
  try {
    IMPASTO_ASSIGN_OR_RETURN(job.c, ParseCaseArgument(json.at(0)));
    job.preset = json.at(1);
    job.method = json.at(2);
    job.content_layer = json.at(3);
  } catch (const Json::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat("--memory-child: ", e.what()));
  }
  return job;
}

absl::StatusOr<Recipe> RecipeOf(const Job& job, engine::WeightsFamily family) {
  IMPASTO_ASSIGN_OR_RETURN(Recipe recipe, engine::MakePreset(job.preset, job.c.model, family));
  recipe.max_size = recipe.style_size = std::max(job.c.width, job.c.height);
  if (!job.content_layer.empty()) recipe.content_layers = {{job.content_layer, 1}};
  IMPASTO_ASSIGN_OR_RETURN(const Method method, ParseMethod(absl::StrCat("x", job.method), recipe));
  recipe = method.recipe;
  const Size size{job.c.width, job.c.height};
  recipe.iterations = 100'000;
  recipe.pyramid_levels = engine::PyramidLevels(recipe.pyramid_levels, recipe.iterations, size, {size});
  recipe.iterations = kSteps * recipe.pyramid_levels;
  recipe.stall_evaluations = 0;
  return recipe;
}

// From here on PeakResidentBytes is of what comes. Not every kernel lets it be; then the peak is that of the
// whole process, which a large job exceeds all the same.
bool ForgetPeak() {
  std::ofstream out("/proc/self/clear_refs");
  out << "5" << std::flush;
  return out.good();
}

// Of the last level.
bool Full(const engine::RunState& state, const Recipe& recipe) {
  const auto history = static_cast<size_t>(recipe.lbfgs_history);
  return state.level_evaluations > 1 && (recipe.optimizer == engine::OptimizerKind::kAdam ||
                                         state.optimizer.vectors.size() == 2 * (history + 1));
}

absl::StatusOr<Json> Measure(const Job& job) {
  SetUpAllocator();  // as impastod does
  IMPASTO_ASSIGN_OR_RETURN(engine::Graph graph, engine::MakeGraph(job.c.model));
  // The layers are the same for every family of weights.
  IMPASTO_ASSIGN_OR_RETURN(Recipe recipe, RecipeOf(job, engine::WeightsFamily::kKeras));
  IMPASTO_ASSIGN_OR_RETURN(engine::Weights weights, LoadWeights(job.c.model, job.c.weights, TapsOf(recipe)));
  IMPASTO_ASSIGN_OR_RETURN(recipe, RecipeOf(job, weights.family));
  const std::string origin = weights.origin;
  engine::DeviceOptions options{.device = "cpu", .threads = job.c.threads};
  options.executor = job.c.executor == "cpu" ? "cpu" : "torch";
  options.torch_memory_format = job.c.executor == "torch-nchw" ? engine::TorchMemoryFormat::kNchw
                                                               : engine::TorchMemoryFormat::kChannelsLast;
  IMPASTO_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model,
                           Model::Load(std::move(graph), std::move(weights), options));
  IMPASTO_RETURN_IF_ERROR(model->WarmUp());
  const Size size{job.c.width, job.c.height};
  IMPASTO_ASSIGN_OR_RETURN(const MemoryForecast forecast,
                           engine::ForecastMemory(*model, recipe, size, {size}));

  // What loading has freed goes back first: the job would take it, and seem to need less.
  malloc_trim(0);
  const int64_t before = ResidentBytes();
  const bool forgot = ForgetPeak();
  const auto style = [size]() -> absl::StatusOr<std::shared_ptr<const Image>> {
    return std::make_shared<const Image>(Pattern(size.width, size.height, 2));
  };
  IMPASTO_ASSIGN_OR_RETURN(
      const std::unique_ptr<Stylization> run,
      Stylization::Create(model, recipe,
                          Stylization::Share({.content = Pattern(size.width, size.height, 1),
                                              .styles = {engine::StylePicture(size, style)}})));
  // Until the optimiser holds all that it will; then a step while a checkpoint is written.
  engine::RunState saved;
  while (!run->done() && !Full(saved, recipe)) {
    saved = {};
    IMPASTO_RETURN_IF_ERROR(run->Step().status());
    if (run->level() + 1 == run->levels()) saved = run->SaveState();
  }
  if (run->done()) return absl::AbortedError("too few steps fill L-BFGS's history");
  IMPASTO_RETURN_IF_ERROR(run->Step().status());
  return Json{{"model", job.c.model},
              {"weights", origin},
              {"executor", job.c.executor},
              {"width", size.width},
              {"height", size.height},
              {"preset", job.preset},
              {"method", job.method},
              {"content_layer", job.content_layer},
              {"levels", recipe.pyramid_levels},
              {"loaded_bytes", before},
              {"peak_was_reset", forgot},
              {"forecast_bytes", forecast.peak_bytes},
              {"waiting_bytes", forecast.waiting_bytes},
              {"measured_bytes", PeakResidentBytes() - before}};
}

std::string RecipeName(const Job& job) {
  return absl::StrCat(job.preset, job.method.empty() ? "" : " ",
                      job.method.empty() ? "" : job.method.substr(1), job.content_layer.empty() ? "" : " ",
                      job.content_layer);
}

Json Print(const Job& job) {
  std::printf("%-9s %-10s %-20s %-42s ", job.c.model.c_str(),
              absl::StrCat(job.c.width, "x", job.c.height).c_str(), job.c.executor.c_str(),
              RecipeName(job).c_str());
  std::fflush(stdout);
  const absl::StatusOr<std::string> line = AnswerOfChild({"--memory-child", JobArgument(job)}, job.c);
  if (!line.ok()) {
    std::printf("left out: %s\n", std::string(line.status().message()).c_str());
    return {{"model", job.c.model}, {"left_out", std::string(line.status().message())}};
  }
  Json json = Json::parse(*line);
  const double forecast = json.at("forecast_bytes"), measured = json.at("measured_bytes");
  std::printf("%6d %9.1f %9.1f %6.3f  %s\n", json.at("levels").get<int>(), forecast / 1e6, measured / 1e6,
              forecast / measured, json.at("weights").get<std::string>().c_str());
  std::fflush(stdout);
  return json;
}

// One line for each of what else decides a job's memory.
std::vector<Job> OtherJobs(const Case& c) {
  const auto of = [&c](const char* model, int size, const char* executor = "cpu") {
    Case changed = c;
    changed.model = model;
    changed.executor = executor;
    changed.width = size;
    changed.height = size * 3 / 4;
    return changed;
  };
  // LibTorch's steps take long, and its part is the plan.
  const char* const short_run = ":lbfgs_history=2,pyramid_levels=1";
  return {
      {.c = of("vgg19", 512), .method = ":optimizer=adam"},
      {.c = of("vgg19", 1024), .method = ":optimizer=adam,pyramid_levels=1"},
      {.c = of("vgg19", 768), .method = ":pyramid_levels=1"},
      {.c = of("vgg19", 512), .method = ":lbfgs_history=3,pyramid_levels=1"},
      {.c = of("vgg19", 512), .preset = "reference"},
      {.c = of("vgg19", 512), .content_layer = "block1_conv1"},
      {.c = of("vgg19", 512), .content_layer = "block1_pool"},
      {.c = of("resnet50", 512), .preset = "reference"},
      {.c = of("vgg19", 256, "torch-nchw"), .method = short_run},
      {.c = of("vgg19", 512, "torch-nchw"), .method = short_run},
      {.c = of("vgg19", 512, "torch-channels_last"), .method = short_run},
      {.c = of("vgg19", 1024, "torch-channels_last"), .method = short_run},
      {.c = of("resnet50", 512, "torch-nchw"), .method = short_run},
      {.c = of("resnet50", 512, "torch-channels_last"), .method = short_run},
  };
}

}  // namespace

int RunMemoryChild(const std::string& argument) {
  const absl::StatusOr<Job> job = ParseJobArgument(argument);
  if (!job.ok()) return AnswerError(job.status());
  const absl::StatusOr<Json> measured = Measure(*job);
  return measured.ok() ? Answer(*measured) : AnswerError(measured.status());
}

absl::Status RunMemory(const MemoryOptions& options) {
  const std::vector<std::string>& models = options.models.empty() ? engine::ModelNames() : options.models;
  std::vector<int> sizes = options.sizes;
  if (sizes.empty()) sizes = {128, 256, 512, 768, 1024, 2048};
  Case c{.executor = "cpu",
         .threads = options.threads > 0 ? options.threads : AvailableThreads(),
         .weights = options.weights};
  std::vector<Job> jobs;
  for (const std::string& model : models) {
    IMPASTO_RETURN_IF_ERROR(engine::MakeGraph(model).status());
    for (const int size : sizes) {
      c.model = model;
      c.width = size;
      c.height = size * 3 / 4;
      jobs.push_back({.c = c});
    }
  }
  if (options.models.empty() && options.sizes.empty()) {
    for (Job& job : OtherJobs(c)) jobs.push_back(std::move(job));
  }
  std::printf("%s\n%d threads\n\n%-9s %-10s %-20s %-42s %6s %9s %9s %6s  %s\n", Processor().c_str(),
              c.threads, "model", "size", "executor", "recipe", "levels", "forecast", "measured", "ratio",
              "weights");
  Json json = {{"processor", Processor()}, {"threads", c.threads}, {"jobs", Json::array()}};
  for (const Job& job : jobs) json["jobs"].push_back(Print(job));
  return WriteJsonFile(options.json_file, json);
}

}  // namespace impasto::bench
