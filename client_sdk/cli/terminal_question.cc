#include "cli/terminal_question.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace impasto::cli {

TerminalQuestion::TerminalQuestion(int fd, std::function<bool(std::optional<std::string>)> answered)
    : fd_(fd),
      answered_(std::move(answered)),
      stop_fd_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { Ask(); }) {}

TerminalQuestion::~TerminalQuestion() {
  const uint64_t one = 1;
  (void)!write(stop_fd_, &one, sizeof(one));
  thread_.join();
  close(stop_fd_);
}

void TerminalQuestion::Ask() {
  std::string line;
  for (;;) {
    pollfd fds[2] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                     {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
    if (poll(fds, 2, -1) < 0) {
      continue;  // EINTR
    }
    if (fds[1].revents != 0) {
      return;
    }
    // One at a time: what follows the line is for whoever reads next.
    char c = 0;
    const ssize_t n = read(fd_, &c, 1);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      answered_(std::nullopt);
      return;
    }
    if (c != '\n') {
      line += c;
    } else if (answered_(std::exchange(line, ""))) {
      return;
    }
  }
}

}  // namespace impasto::cli
