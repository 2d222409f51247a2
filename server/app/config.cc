#include "app/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/memory.h"
#include "engine/nets/graph.h"
#include "engine/weights/store.h"
#include "jobs/sqlite/state_dir.h"

namespace impasto::app {
namespace {

constexpr int kUsageError = 2;
// Protobuf reads no message of 2 GiB or more; a quarter of that is a 100 megapixel picture of 4 bytes a
// pixel.
constexpr int64_t kSmallestRequestLimit = int64_t{64} << 10;
constexpr int64_t kLargestRequestLimit = int64_t{512} << 20;
constexpr int kMostThreads = 1024;
constexpr int kMostJobs = 256;
constexpr double kLongestSeconds = 1000.0 * 86400;

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

// "90", "90s", "30m", "12h", "7d".
bool ParseSeconds(absl::string_view text, double* seconds) {
  double unit = 1;
  if (!text.empty() && !absl::ascii_isdigit(text.back()) && text.back() != '.') {
    constexpr absl::string_view kUnits = "smhd";
    constexpr double kSeconds[] = {1, 60, 3600, 86400};
    const size_t index = kUnits.find(text.back());
    if (index == absl::string_view::npos) return false;
    unit = kSeconds[index];
    text.remove_suffix(1);
  }
  if (!absl::SimpleAtod(text, seconds)) return false;
  *seconds *= unit;
  return *seconds >= 0 && *seconds <= kLongestSeconds;
}

std::string ParseSecondsFlag(const std::string& text, double* seconds) {
  if (ParseSeconds(text, seconds)) return "";
  return absl::StrCat("\"", text, "\" is no time of 0 s to 1000 d; as 90, 90s, 30m, 12h or 7d");
}

// "7d,4G": an age, a total size, or both.
std::string ParseKeepResults(const std::string& text, Config* config) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  const std::string wrong = absl::StrCat("\"", text, "\" is not AGE,SIZE, as 7d,4G");
  if (parts.size() != 2 || !ParseSeconds(parts[0], &config->keep_results_seconds)) return wrong;
  const absl::StatusOr<int64_t> bytes = ParseBytes(parts[1], 0);
  if (!bytes.ok()) return wrong;
  config->keep_results_bytes = *bytes;
  return "";
}

}  // namespace

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  CommandLine result;
  Config& config = result.config;
  config.weights_dir = engine::DefaultWeightsDirectory();
  config.state_dir = jobs::DefaultStateDir([](const char* name) { return std::getenv(name); });
  std::string models = "auto", format = "auto", precision = "float32";
  std::string memory_budget = "70%", checkpoint_every = "30s", keep_results = "7d,4G", orphan_grace = "120s",
              drain_seconds = "30s";
  const auto check = [](const char* flag, const std::string& wrong) {
    if (!wrong.empty()) throw CLI::ValidationError(flag, wrong);
  };

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
  app.add_option(
         "--state-dir", config.state_dir,
         "Folder of jobs, results and styles, which a restarted server goes on with; none: in memory alone")
      ->capture_default_str();
  app.add_option("--memory-budget", memory_budget,
                 "Memory that all jobs together may take beside the models: 12G, 800M, or a share of the "
                 "machine's or its control group's")
      ->capture_default_str();
  app.add_option("--checkpoint-every", checkpoint_every, "Time between two checkpoints of a job")
      ->capture_default_str();
  app.add_option("--keep-results", keep_results,
                 "AGE,SIZE: results older than that, or beyond that size, are deleted")
      ->capture_default_str();
  app.add_option("--orphan-grace", orphan_grace,
                 "How long a job that nobody watches, and that isn't detached, waits before it is cancelled")
      ->capture_default_str();
  app.add_option("--drain-seconds", drain_seconds,
                 "Time for interactive jobs to end, once the server is told to stop")
      ->capture_default_str();
  app.add_option("--max-jobs-per-client", config.max_jobs_per_client, "Jobs of one client that haven't ended")
      ->check(CLI::Range(1, kMostJobs))
      ->capture_default_str();
  KeyPairFiles tls;
  auto* const tls_cert = app.add_option(
      "--tls-cert", tls.certificate,
      "Certificate to encrypt connections with: a PEM file, the server's own certificate first; a "
      "renewed one is taken within seconds");
  auto* const tls_key =
      app.add_option("--tls-key", tls.key, "Its private key: a PEM file without a pass phrase");
  tls_cert->needs(tls_key);
  tls_key->needs(tls_cert);
  app.add_option(
      "--token-file", config.token_file,
      "Only who has one of the access tokens in this file may call: a line for each, NAME TOKEN, with 16 "
      "characters or more. NAME owns the jobs that are started with TOKEN, and sees no others; any token may "
      "load and unload models, and use and delete styles. Read once, at start: new tokens need a restart");
  app.add_option("--port-file", config.port_file, "File to write the bound port to, once it is bound");

  try {
    app.parse(argc, argv);
    check("--models", ParseModels(models, &config.models));
    check("--checkpoint-every", ParseSecondsFlag(checkpoint_every, &config.checkpoint_seconds));
    check("--orphan-grace", ParseSecondsFlag(orphan_grace, &config.orphan_grace_seconds));
    check("--drain-seconds", ParseSecondsFlag(drain_seconds, &config.drain_seconds));
    check("--keep-results", ParseKeepResults(keep_results, &config));
    const absl::StatusOr<int64_t> budget = ParseBytes(memory_budget, MachineMemoryBytes());
    check("--memory-budget", budget.ok() ? "" : std::string(budget.status().message()));
    config.memory_budget = *budget;
    if (config.state_dir.empty()) {
      throw CLI::ValidationError(
          "--state-dir", "is empty, and neither XDG_STATE_HOME nor HOME is set; give a folder, or none");
    }
    if (config.state_dir == "none") config.state_dir.clear();
    config.device.torch_memory_format = kFormats.at(format);
    config.device.torch_precision = kPrecisions.at(precision);
    if (config.device.executor == "cpu" && absl::StartsWith(config.device.device, "cuda")) {
      throw CLI::ValidationError("--executor", "cpu runs on a CPU alone, and --device is " +
                                                   config.device.device + "; torch runs there");
    }
    if (tls_cert->count() > 0) config.tls = tls;
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
