// Seconds per iteration and peak memory of a run, without the server around it: engine alone, one row a size.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/stylization.h"
#include "engine/weights/reader.h"

namespace impasto::engine {
namespace {

struct Options {
  std::string model = "vgg19";
  std::string weights;
  std::string preset = "reference";
  std::string device = "auto";
  std::vector<std::string> sizes = {"512x384"};
  int iterations = 10;
  int threads = 0;
};

Image Pattern(int width, int height, uint32_t seed) {
  Image image{.width = width, .height = height};
  image.rgb.resize(3 * image.pixels());
  for (float& value : image.rgb) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 24);
  }
  return image;
}

double PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

// The processor and the vector instructions that decide the figures.
std::string Processor() {
  std::ifstream in("/proc/cpuinfo");
  std::string line, name, flags;
  while (std::getline(in, line)) {
    if (line.starts_with("model name") && name.empty()) name = line.substr(line.find(':') + 2);
    if (!line.starts_with("flags") || !flags.empty()) continue;
    line += " ";
    for (const char* flag :
         {"sse4_2", "avx", "avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl", "amx_tile"}) {
      if (line.find(" " + std::string(flag) + " ") != std::string::npos) flags += " " + std::string(flag);
    }
  }
  return name + ":" + flags;
}

absl::Status Run(const Options& options) {
  Weights weights;
  if (options.weights.empty()) {
    IMPASTO_ASSIGN_OR_RETURN(const Graph graph, MakeGraph(options.model));
    weights = RandomWeights(graph, 1);
  } else {
    IMPASTO_ASSIGN_OR_RETURN(weights, ReadWeightsFile(options.weights));
  }
  IMPASTO_ASSIGN_OR_RETURN(Recipe recipe, MakePreset(options.preset, weights.model, weights.family));
  IMPASTO_ASSIGN_OR_RETURN(Graph graph, MakeGraph(weights.model));
  const std::string origin = weights.origin;
  IMPASTO_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model,
                           Model::Load(std::move(graph), std::move(weights),
                                       {.device = options.device, .threads = options.threads}));
  std::printf("%s\n%s, %s; %s; preset %s; with the model loaded %s\n", Processor().c_str(),
              model->name().c_str(), origin.c_str(), model->executor().description().c_str(),
              options.preset.c_str(), HumanBytes(PeakBytes()).c_str());
  std::printf("%-12s %10s %10s %10s %12s\n", "size", "s/it min", "median", "max", "peak memory");
  for (const std::string& size : options.sizes) {
    int width = 0, height = 0;
    if (std::sscanf(size.c_str(), "%dx%d", &width, &height) != 2)
      return absl::InvalidArgumentError("a size is WIDTHxHEIGHT: " + size);
    recipe.iterations = options.iterations + 1;
    IMPASTO_ASSIGN_OR_RETURN(
        const std::unique_ptr<Stylization> run,
        Stylization::Create(model, recipe,
                            {.content = Pattern(width, height, 1), .styles = {Pattern(width, height, 2)}}));
    IMPASTO_RETURN_IF_ERROR(run->Step().status());  // the first one finds its buffers
    std::vector<double> seconds;
    for (int i = 0; i < options.iterations; ++i) {
      const auto start = std::chrono::steady_clock::now();
      IMPASTO_RETURN_IF_ERROR(run->Step().status());
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("%-12s %10.3f %10.3f %10.3f %12s\n", size.c_str(), seconds.front(),
                seconds[seconds.size() / 2], seconds.back(), HumanBytes(PeakBytes()).c_str());
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace impasto::engine

int main(int argc, char** argv) {
  impasto::engine::Options options;
  CLI::App app(
      "Seconds per iteration (losses, gradient, step) and the process's peak memory so far, by size, in the "
      "order given.");
  app.add_option("--model", options.model, "vgg19, vgg16, resnet50: with random weights");
  app.add_option("--weights", options.weights, "a weights file, in place of --model");
  app.add_option("--preset", options.preset, "whose layers are tapped");
  app.add_option("--device", options.device, "auto, cpu or cuda:N");
  app.add_option("--threads", options.threads, "CPU threads; 0: all");
  app.add_option("--sizes", options.sizes, "WIDTHxHEIGHT ...")->delimiter(',');
  app.add_option("--iterations", options.iterations, "measured steps a size")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = impasto::engine::Run(options);
  if (!status.ok()) std::fprintf(stderr, "impasto_bench: %s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
