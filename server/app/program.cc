#include "app/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/server_app.h"
#include "base/memory.h"
#include "engine/weights/store.h"

namespace impasto::app {
namespace {

constexpr int kFailure = 1;

// The write end of the pipe that wakes Run: a signal's number, or one of these.
int wake_fd = -1;
constexpr char kLoaded = 0;
constexpr char kStopped = 127;

void Wake(char byte) {
  // A pipe takes far more bytes than are ever written here, so that this neither blocks nor fails.
  [[maybe_unused]] const ssize_t written = write(wake_fd, &byte, 1);
}

// May run on any thread, libraries' own among them: OpenBLAS starts its threads before main, so that signals
// can't be blocked for all threads and read from a descriptor.
void OnStopSignal(int number) {
  const int saved = errno;
  // The first asks to stop, the second to hurry. From then on a signal does what it does to any program: it
  // ends it at once.
  static std::atomic<int> count = 0;
  if (++count >= 2) {
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
  }
  Wake(static_cast<char>(number));
  errno = saved;
}

absl::StatusOr<int> CatchStopSignals() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError(std::strerror(errno));
  wake_fd = ends[1];
  struct sigaction action {};
  action.sa_handler = OnStopSignal;
  action.sa_flags = SA_RESTART;
  if (sigaction(SIGTERM, &action, nullptr) != 0 || sigaction(SIGINT, &action, nullptr) != 0) {
    return absl::InternalError(std::strerror(errno));
  }
  signal(SIGPIPE, SIG_IGN);
  return ends[0];
}

char WaitForWake(int fd) {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = read(fd, &byte, 1);
  } while (count < 0 && errno == EINTR);
  return count == 1 ? byte : static_cast<char>(SIGTERM);
}

int Run(const Config& config) {
  const absl::StatusOr<int> wakes = CatchStopSignals();
  if (!wakes.ok()) {
    spdlog::error("can't catch signals: {}", std::string(wakes.status().message()));
    return kFailure;
  }
  auto app = ServerApp::Create(config);
  if (!app.ok()) {
    spdlog::error("{}", std::string(app.status().message()));
    return kFailure;
  }
  absl::Status load_status;
  std::thread loader([&] {
    load_status = (*app)->LoadModels();
    Wake(kLoaded);
  });
  char wake = WaitForWake(*wakes);
  bool failed = false;
  if (wake == kLoaded) {
    failed = !load_status.ok();
    if (failed) {
      spdlog::error("{}", std::string(load_status.message()));
    } else {
      wake = WaitForWake(*wakes);
    }
  }
  if (!failed) spdlog::info("{}: stopping", strsignal(wake));
  std::thread hurrier([&] {
    // kLoaded may come late; whatever else comes is a second signal, or what ends this thread.
    while ((wake = WaitForWake(*wakes)) == kLoaded) {
    }
    if (wake == kStopped) return;
    spdlog::info("{}: stopping at once", strsignal(wake));
    (*app)->Hurry();
  });
  (*app)->Stop();
  Wake(kStopped);
  hurrier.join();
  loader.join();
  app->reset();
  if (!failed) spdlog::info("stopped");
  return failed ? kFailure : 0;
}

}  // namespace

int Main(int argc, const char* const* argv) {
  if (argc > 1 && std::string_view(argv[1]) == "weights") return engine::WeightsMain(argc - 1, argv + 1);
  const CommandLine command = ParseCommandLine(argc, argv);
  if (command.exit) {
    (command.exit_code == 0 ? std::cout : std::cerr) << command.text;
    return command.exit_code;
  }
  SetUpAllocator();
  auto logger = spdlog::stderr_color_mt("impastod");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_default_logger(logger);
  return Run(command.config);
}

}  // namespace impasto::app
