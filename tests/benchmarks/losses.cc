#include "tests/benchmarks/losses.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "base/threads.h"
#include "engine/stylization.h"
#include "imaging/picture.h"
#include "tests/benchmarks/case.h"
#include "tests/benchmarks/json_file.h"
#include "tests/benchmarks/machine.h"

namespace impasto::bench {
namespace {

using engine::Model;
using engine::OptimizerKind;
using engine::Recipe;
using engine::Schedule;
using engine::Stylization;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

absl::StatusOr<Image> ReadPicture(const std::string& path, int max_size) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("can't read ", path));
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  IMPASTO_ASSIGN_OR_RETURN(const imaging::Picture picture, imaging::Picture::Decode(bytes, {}));
  return picture.Working(max_size);
}

// Until the loss is at most `enough`, or the run's own end.
absl::StatusOr<std::vector<Point>> Run(const std::shared_ptr<const Model>& model, const Recipe& recipe,
                                       const Image& content, const Image& style, double enough) {
  const Clock::time_point start = Clock::now();
  IMPASTO_ASSIGN_OR_RETURN(
      const std::unique_ptr<Stylization> run,
      Stylization::Create(model, recipe, Stylization::Share({.content = content, .styles = {style}})));
  std::vector<Point> curve;
  double best = std::numeric_limits<double>::infinity();
  while (!run->done() && best > enough) {
    const int steps = run->steps();
    IMPASTO_ASSIGN_OR_RETURN(const engine::Losses losses, run->Step());
    // Losses of a coarser level don't compare.
    if (losses.level + 1 < run->levels()) continue;
    best = std::min(best, losses.total);
    curve.push_back({steps, std::chrono::duration<double>(Clock::now() - start).count(), best});
  }
  return curve;
}

Json ToJson(const std::string& name, const std::vector<Point>& curve) {
  Json steps = Json::array(), seconds = Json::array(), losses = Json::array();
  for (const Point& point : curve) {
    steps.push_back(point.steps);
    seconds.push_back(point.seconds);
    losses.push_back(point.loss);
  }
  return {{"method", name}, {"steps", steps}, {"seconds", seconds}, {"lowest_losses", losses}};
}

void PrintRow(const std::string& name, const std::vector<Point>& curve, const std::vector<double>& targets) {
  std::printf("%-24s", name.c_str());
  for (const double target : targets) {
    const Point* point = FirstAt(curve, target);
    std::printf(" %16s", point == nullptr
                             ? "-"
                             : absl::StrFormat("%.1f s (%d)", point->seconds, point->steps).c_str());
  }
  if (!curve.empty()) {
    const Point& last = curve.back();
    std::printf("   %.3e after %.1f s (%d)", last.loss, last.seconds, last.steps);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

absl::StatusOr<Method> ParseMethod(const std::string& text, const Recipe& reference) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  Method method{.name = parts.first, .recipe = reference};
  Recipe& recipe = method.recipe;
  for (const absl::string_view setting : absl::StrSplit(parts.second, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(setting, absl::MaxSplits('=', 1));
    const auto& [key, value] = pair;
    bool good = true;
    if (key == "optimizer") {
      good = value == "adam" || value == "lbfgs";
      recipe.optimizer = value == "lbfgs" ? OptimizerKind::kLbfgs : OptimizerKind::kAdam;
    } else if (key == "schedule") {
      good = value == "constant" || value == "cosine";
      recipe.schedule = value == "cosine" ? Schedule::kCosine : Schedule::kConstant;
    } else if (key == "learning_rate") {
      good = absl::SimpleAtod(value, &recipe.learning_rate);
    } else if (key == "beta1") {
      good = absl::SimpleAtod(value, &recipe.beta1);
    } else if (key == "beta2") {
      good = absl::SimpleAtod(value, &recipe.beta2);
    } else if (key == "epsilon") {
      good = absl::SimpleAtod(value, &recipe.epsilon);
    } else if (key == "lbfgs_history") {
      good = absl::SimpleAtoi(value, &recipe.lbfgs_history);
    } else if (key == "iterations") {
      good = absl::SimpleAtoi(value, &recipe.iterations);
    } else if (key == "pyramid_levels") {
      good = absl::SimpleAtoi(value, &recipe.pyramid_levels);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("method ", method.name, ": no setting is called \"", key, "\""));
    }
    if (!good)
      return absl::InvalidArgumentError(
          absl::StrCat("method ", method.name, ": ", key, " can't be \"", value, "\""));
  }
  if (method.name.empty()) return absl::InvalidArgumentError("a method is NAME or NAME:key=value,key=value");
  return method;
}

const std::vector<std::string>& DefaultMethods() {
  // A cosine ends where its iterations do: one for each target that it is to reach.
  static const auto& methods = *new std::vector<std::string>{
      "adam-cosine-150:schedule=cosine,learning_rate=20,beta1=0.9,iterations=150",
      "adam-cosine-500:schedule=cosine,learning_rate=20,beta1=0.9,iterations=500",
      "lbfgs:optimizer=lbfgs,lbfgs_history=10,iterations=1000",
      "lbfgs-2-levels:optimizer=lbfgs,lbfgs_history=10,iterations=600,pyramid_levels=2",
  };
  return methods;
}

const Point* FirstAt(const std::vector<Point>& curve, double loss) {
  const auto found =
      std::find_if(curve.begin(), curve.end(), [loss](const Point& p) { return p.loss <= loss; });
  return found == curve.end() ? nullptr : &*found;
}

double LossAfter(const std::vector<Point>& curve, int steps) {
  double loss = std::numeric_limits<double>::infinity();
  for (const Point& point : curve) {
    if (point.steps <= steps) loss = point.loss;
  }
  return loss;
}

absl::Status RunLosses(const LossesOptions& options) {
  const int threads = options.threads > 0 ? options.threads : AvailableThreads();
  IMPASTO_RETURN_IF_ERROR(imaging::Init(threads));
  IMPASTO_ASSIGN_OR_RETURN(const Image content, ReadPicture(options.content, options.size));
  IMPASTO_ASSIGN_OR_RETURN(const Image style, ReadPicture(options.style, options.size));
  IMPASTO_ASSIGN_OR_RETURN(engine::Weights weights, LoadWeights(options.model, options.weights));
  IMPASTO_ASSIGN_OR_RETURN(Recipe reference, engine::MakePreset("reference", options.model, weights.family));
  reference.max_size = options.size;
  reference.iterations = *std::max_element(options.targets.begin(), options.targets.end());
  std::vector<Method> methods;
  for (const std::string& text : options.methods.empty() ? DefaultMethods() : options.methods) {
    IMPASTO_ASSIGN_OR_RETURN(methods.emplace_back(), ParseMethod(text, reference));
  }
  const std::string origin = weights.origin;
  IMPASTO_ASSIGN_OR_RETURN(engine::Graph graph, engine::MakeGraph(options.model));
  IMPASTO_ASSIGN_OR_RETURN(
      const std::shared_ptr<const Model> model,
      Model::Load(std::move(graph), std::move(weights), {.threads = threads, .executor = options.executor}));

  std::printf("%s\n%s, %s; %s; %d x %d, reference recipe\n", Processor().c_str(), options.model.c_str(),
              origin.c_str(), model->executor().description().c_str(), content.width, content.height);
  IMPASTO_ASSIGN_OR_RETURN(const std::vector<Point> yardstick,
                           Run(model, reference, content, style, /*enough=*/0));
  std::vector<double> targets;
  std::printf("seconds (steps) to a loss of\n%-24s", "");
  for (const int steps : options.targets) {
    targets.push_back(LossAfter(yardstick, steps));
    std::printf(" %16s", absl::StrFormat("%.3e", targets.back()).c_str());
  }
  std::printf("   lowest loss\n");
  PrintRow("adam (reference)", yardstick, targets);
  Json json = {{"processor", Processor()},
               {"threads", threads},
               {"model", options.model},
               {"weights", origin},
               {"executor", model->executor().description()},
               {"width", content.width},
               {"height", content.height},
               {"targets", targets},
               {"methods", Json::array({ToJson("adam (reference)", yardstick)})}};
  const double lowest = *std::min_element(targets.begin(), targets.end());
  for (const Method& method : methods) {
    IMPASTO_ASSIGN_OR_RETURN(const std::vector<Point> curve,
                             Run(model, method.recipe, content, style, lowest));
    PrintRow(method.name, curve, targets);
    json["methods"].push_back(ToJson(method.name, curve));
  }
  return WriteJsonFile(options.json_file, json);
}

}  // namespace impasto::bench
