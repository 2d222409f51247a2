#include "app/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/nets/graph.h"
#include "engine/weights/store.h"

namespace impasto::app {
namespace {

constexpr int kUsageError = 2;
// Protobuf reads no message of 2 GiB or more; a quarter of that is a 100 megapixel picture of 4 bytes a
// pixel.
constexpr int64_t kSmallestRequestLimit = int64_t{64} << 10;
constexpr int64_t kLargestRequestLimit = int64_t{512} << 20;
constexpr int kMostThreads = 1024;

const std::map<std::string, engine::TorchMemoryFormat> kFormats = {
    {"auto", engine::TorchMemoryFormat::kMeasured},
    {"nchw", engine::TorchMemoryFormat::kNchw},
    {"channels_last", engine::TorchMemoryFormat::kChannelsLast},
};
const std::map<std::string, engine::TorchPrecision> kPrecisions = {
    {"float32", engine::TorchPrecision::kFloat32},
    {"tf32", engine::TorchPrecision::kTf32},
};

// HOST:PORT, [V6]:PORT or unix:PATH. What the host means is found out when the port is bound.
std::string CheckListen(const std::string& address) {
  if (absl::StartsWith(address, "unix:") && address.size() > 5) return "";
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  int port = 0;
  if (host.empty() || (!v6 && absl::StrContains(host, ':')) ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::StrCat("\"", address, "\" is not HOST:PORT, with a port of 0..65535, or unix:PATH");
  }
  return "";
}

std::string CheckDevice(const std::string& device) {
  if (device == "auto" || device == "cpu") return "";
  int index = 0;
  if (absl::StartsWith(device, "cuda:") && absl::SimpleAtoi(device.substr(5), &index) && index >= 0)
    return "";
  return absl::StrCat("\"", device, "\" is not auto, cpu or cuda:N");
}

// "auto" or a list of models, each once.
std::string ParseModels(const std::string& text, std::vector<std::string>* models) {
  models->clear();
  if (text == "auto") return "";
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::string name(absl::StripAsciiWhitespace(part));
    const auto& known = engine::ModelNames();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::StrCat("\"", name, "\" is no model; there are auto, ", absl::StrJoin(known, ", "));
    }
    if (std::find(models->begin(), models->end(), name) == models->end()) models->push_back(name);
  }
  return "";
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  CommandLine result;
  Config& config = result.config;
  config.weights_dir = engine::DefaultWeightsDirectory();
  std::string models = "auto", format = "auto", precision = "float32";

  CLI::App app("Impasto's server: style transfer over gRPC.", "impastod");
  app.footer("`impastod weights list|pull|import|verify` looks after the weights files.");
  app.set_version_flag("--version", "impastod " IMPASTO_VERSION);
  app.add_option("--listen", config.listen, "HOST:PORT to serve on, or unix:PATH; port 0: any free one")
      ->check(CheckListen)
      ->capture_default_str();
  app.add_option("--models", models, "auto: every model that has weights; or a list: vgg19,resnet50")
      ->capture_default_str();
  app.add_option("--weights-dir", config.weights_dir, "Folder of the weights files [$IMPASTO_WEIGHTS_DIR]")
      ->capture_default_str();
  app.add_option("--device", config.device.device, "auto, cpu or cuda:N")
      ->check(CheckDevice)
      ->capture_default_str();
  app.add_option("--executor", config.device.executor,
                 "cpu: our own kernels; torch: LibTorch, also on CUDA; auto: cpu on a CPU, torch on CUDA")
      ->check(CLI::IsMember({"auto", "cpu", "torch"}))
      ->capture_default_str();
  app.add_option(
         "--torch-format", format,
         "Memory format of the torch executor: nchw, channels_last, or auto: the faster one, measured "
         "at start")
      ->check(CLI::IsMember(kFormats))
      ->capture_default_str();
  app.add_option("--torch-precision", precision,
                 "Of the torch executor on CUDA: float32, or tf32: faster, results differ from a CPU's")
      ->check(CLI::IsMember(kPrecisions))
      ->capture_default_str();
  app.add_option("--threads", config.device.threads,
                 "CPU threads of the engine; 0: as many as the process may use")
      ->check(CLI::Range(0, kMostThreads))
      ->capture_default_str();
  app.add_flag("--allow-random-weights", config.allow_random_weights,
               "Start with random weights where there are none: pictures for trying only");
  app.add_option("--max-request-bytes", config.max_request_bytes,
                 "Bytes of the pictures in one request; larger ones are uploaded in parts")
      ->check(CLI::Range(kSmallestRequestLimit, kLargestRequestLimit))
      ->capture_default_str();
  app.add_option("--port-file", config.port_file, "File to write the bound port to, once it is bound");

  try {
    app.parse(argc, argv);
    if (const std::string wrong = ParseModels(models, &config.models); !wrong.empty()) {
      throw CLI::ValidationError("--models", wrong);
    }
    config.device.torch_memory_format = kFormats.at(format);
    config.device.torch_precision = kPrecisions.at(precision);
    if (config.device.executor == "cpu" && absl::StartsWith(config.device.device, "cuda")) {
      throw CLI::ValidationError("--executor", "cpu runs on a CPU alone, and --device is " +
                                                   config.device.device + "; torch runs there");
    }
    if (config.weights_dir.empty()) throw CLI::ValidationError("--weights-dir", "is empty");
  } catch (const CLI::ParseError& error) {
    // CLI11 gives help and version as errors too; their code is 0.
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    result.exit = true;
    result.exit_code = code == 0 ? 0 : kUsageError;
    result.text = out.str() + err.str();
  }
  return result;
}

}  // namespace impasto::app
