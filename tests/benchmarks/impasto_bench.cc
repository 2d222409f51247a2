// impasto-bench: how fast a step is, how much memory it takes, where the time goes, and what the rivals need.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/benchmarks/child.h"
#include "tests/benchmarks/layers.h"
#include "tests/benchmarks/losses.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/memory.h"
#include "tests/benchmarks/table.h"

namespace impasto::bench {
namespace {

// The flags of all modes; each mode takes what it knows.
struct Flags {
  bool layers = false, losses = false, memory = false, processor = false, full = false;
  std::string child, memory_child;
  std::vector<std::string> models, sizes, executors, methods;
  int iterations = 0, threads = 0;
  double seconds_per_size = TableOptions().seconds_per_size;
  std::string weights, json, content, style;
};

absl::StatusOr<std::vector<Size>> ParseSizes(const std::vector<std::string>& texts) {
  std::vector<Size> sizes;
  for (const std::string& text : texts) {
    const absl::StatusOr<Size> size = ParseSize(text);
    if (!size.ok()) return size.status();
    sizes.push_back(*size);
  }
  return sizes;
}

absl::Status Table(const Flags& flags) {
  TableOptions options{.executors = flags.executors,
                       .seconds_per_size = flags.seconds_per_size,
                       .threads = flags.threads,
                       .weights = flags.weights,
                       .json_file = flags.json};
  if (!flags.models.empty()) options.models = flags.models;
  if (flags.iterations > 0) options.iterations = flags.iterations;
  if (flags.full) options.rivals_up_to = kLargestSide;
  const absl::StatusOr<std::vector<Size>> sizes = ParseSizes(flags.sizes);
  if (!sizes.ok()) return sizes.status();
  if (!sizes->empty()) options.sizes = *sizes;
  return RunTable(options);
}

absl::Status Layers(const Flags& flags) {
  LayersOptions options{.threads = flags.threads, .weights = flags.weights, .json_file = flags.json};
  if (!flags.models.empty()) options.models = flags.models;
  if (flags.iterations > 0) options.repeats = flags.iterations;
  const absl::StatusOr<std::vector<Size>> sizes = ParseSizes(flags.sizes);
  if (!sizes.ok()) return sizes.status();
  if (sizes->size() > 1) return absl::InvalidArgumentError("--layers takes one size");
  if (!sizes->empty()) options.size = sizes->front();
  return RunLayers(options);
}

absl::Status Memory(const Flags& flags) {
  MemoryOptions options{
      .models = flags.models, .threads = flags.threads, .weights = flags.weights, .json_file = flags.json};
  const absl::StatusOr<std::vector<Size>> sizes = ParseSizes(flags.sizes);
  if (!sizes.ok()) return sizes.status();
  for (const Size& size : *sizes) options.sizes.push_back(size.width);
  return RunMemory(options);
}

absl::Status TimeToLosses(const Flags& flags) {
  if (flags.weights.empty() || flags.content.empty() || flags.style.empty())
    return absl::InvalidArgumentError("--losses needs --weights, --content and --style: real ones");
  if (flags.models.size() > 1 || flags.sizes.size() > 1 || flags.executors.size() > 1)
    return absl::InvalidArgumentError("--losses takes one model, one size, one executor");
  LossesOptions options{.weights = flags.weights,
                        .content = flags.content,
                        .style = flags.style,
                        .methods = flags.methods,
                        .threads = flags.threads,
                        .json_file = flags.json};
  if (!flags.models.empty()) options.model = flags.models.front();
  if (!flags.executors.empty()) options.executor = flags.executors.front();
  const absl::StatusOr<std::vector<Size>> sizes = ParseSizes(flags.sizes);
  if (!sizes.ok()) return sizes.status();
  if (!sizes->empty()) options.size = std::max(sizes->front().width, sizes->front().height);
  if (flags.iterations > 0) options.targets = {flags.iterations};
  return RunLosses(options);
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "Seconds a step, effective GFLOP/s, part of the processor's peak, and peak memory: each network at "
      "each size on "
      "each executor. tests/benchmarks/README.md says what every column means.",
      "impasto-bench");
  app.add_flag("--layers", flags.layers, "instead: the CPU executor's time, step by step of its plan");
  app.add_flag("--losses", flags.losses,
               "instead: the time of each optimiser to the reference recipe's losses");
  app.add_flag("--memory", flags.memory, "instead: the forecast of a job's memory against what it takes");
  app.add_flag("--processor", flags.processor, "instead: the processor and its vector instructions");
  app.add_option("--models", flags.models, "vgg19, vgg16, resnet50")->delimiter(',');
  app.add_option("--sizes", flags.sizes,
                 "long sides (of 4:3) or WIDTHxHEIGHT [256,512,1024,2048; 512 for --layers and --losses]")
      ->delimiter(',');
  app.add_option("--executors", flags.executors,
                 "cpu, torch-nchw, torch-channels_last, onednn [all]; for --losses auto, cpu or torch")
      ->delimiter(',');
  app.add_option(
         "--iterations", flags.iterations,
         "steps measured of each case, at most [7]; repeats of --layers [5]; of --losses, the step of the "
         "reference recipe whose loss is to be reached [100, 300 and 1000]")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds-per-size", flags.seconds_per_size,
                 "after which no more rounds are begun, after two")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--full", flags.full, "the rivals at every size: an hour or more, and 16 GB");
  app.add_option("--threads", flags.threads, "of each case; 0: as many as the process may use")
      ->check(CLI::Range(0, 1024));
  app.add_option("--weights", flags.weights, "a folder of weights files, or a file [random weights]");
  app.add_option("--content", flags.content, "for --losses: a photograph");
  app.add_option("--style", flags.style, "for --losses: a painting");
  app.add_option(
      "--method", flags.methods,
      "for --losses: NAME:key=value,key=value, what it changes in the reference recipe; repeatable");
  app.add_option("--json", flags.json, "a file for all the figures");
  app.add_option("--child", flags.child)->group("");  // the process of one case
  app.add_option("--memory-child", flags.memory_child)->group("");
  CLI11_PARSE(app, argc, argv);

  signal(SIGPIPE, SIG_IGN);  // a child that ends says why
  absl::Status status;
  if (!flags.child.empty()) {
    const absl::StatusOr<Case> c = ParseCaseArgument(flags.child);
    if (c.ok()) return RunChild(*c);
    status = c.status();
  } else if (!flags.memory_child.empty()) {
    return RunMemoryChild(flags.memory_child);
  } else if (flags.processor) {
    std::printf("%s\n", Processor().c_str());
  } else if (flags.layers) {
    status = Layers(flags);
  } else if (flags.memory) {
    status = Memory(flags);
  } else if (flags.losses) {
    status = TimeToLosses(flags);
  } else {
    status = Table(flags);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "impasto-bench: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace
}  // namespace impasto::bench

int main(int argc, char** argv) { return impasto::bench::Main(argc, argv); }
