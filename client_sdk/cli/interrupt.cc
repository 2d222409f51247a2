#include "cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <utility>

namespace impasto::cli {

InterruptWatcher::InterruptWatcher() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { Watch(); });
}

InterruptWatcher::~InterruptWatcher() {
  const uint64_t one = 1;
  (void)!write(stop_fd_, &one, sizeof(one));
  thread_.join();
  close(signal_fd_);
  close(stop_fd_);
}

void InterruptWatcher::SetHandlers(std::function<void(int)> first, std::function<void()> second) {
  const std::lock_guard<std::mutex> lock(mutex_);
  first_ = std::move(first);
  second_ = std::move(second);
}

int InterruptWatcher::signal() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return signal_;
}

void InterruptWatcher::Watch() {
  pollfd fds[2] = {{.fd = signal_fd_, .events = POLLIN, .revents = 0},
                   {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  for (;;) {
    if (poll(fds, 2, -1) < 0) {
      continue;  // EINTR
    }
    if (fds[1].revents != 0) {
      return;
    }
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof(info)) != sizeof(info)) {
      continue;
    }
    const int signal = static_cast<int>(info.ssi_signo);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (signal_ == 0 && first_) {
      signal_ = signal;
      first_(signal);
      continue;
    }
    if (second_) {
      second_();
    }
    _exit(128 + signal);
  }
}

}  // namespace impasto::cli
