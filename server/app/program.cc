#include "app/program.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <string_view>
#include <thread>

#include "app/config.h"
#include "app/server_app.h"
#include "engine/weights/store.h"

namespace impasto::app {
namespace {

constexpr int kFailure = 1;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// The signals' number where one came before `event` was written; else 0.
int WaitForSignalOr(int signals, int event) {
  pollfd waits[] = {{.fd = signals, .events = POLLIN, .revents = 0},
                    {.fd = event, .events = POLLIN, .revents = 0}};
  while (poll(waits, event < 0 ? 1 : 2, -1) < 0) {
    if (errno != EINTR) return SIGTERM;  // can't wait: stop rather than spin
  }
  if ((waits[0].revents & POLLIN) == 0) return 0;
  signalfd_siginfo info{};
  return read(signals, &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo) : SIGTERM;
}

int Run(const Config& config) {
  // Blocked before any thread starts, so that every thread leaves them to the descriptor.
  const sigset_t stop_signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &stop_signals, SFD_CLOEXEC);
  const int loaded = eventfd(0, EFD_CLOEXEC);
  if (signals < 0 || loaded < 0) {
    spdlog::error("can't wait for signals: {}", std::strerror(errno));
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
    eventfd_write(loaded, 1);
  });
  int signal_number = WaitForSignalOr(signals, loaded);
  bool failed = false;
  if (signal_number == 0) {
    failed = !load_status.ok();
    if (failed) {
      spdlog::error("{}", std::string(load_status.message()));
    } else {
      signal_number = WaitForSignalOr(signals, -1);
    }
  }
  if (signal_number != 0) {
    spdlog::info("{}: stopping", strsignal(signal_number));
    // From here on a signal does what it does to any program: it ends it at once.
    pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  }
  (*app)->Stop();
  loader.join();
  app->reset();
  close(signals);
  close(loaded);
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
  // Threads that come and go with jobs and calls would each leave freed memory in an arena of their own.
  mallopt(M_ARENA_MAX, 2);
  auto logger = spdlog::stderr_color_mt("impastod");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_default_logger(logger);
  return Run(command.config);
}

}  // namespace impasto::app
