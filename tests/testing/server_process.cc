#include "tests/testing/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::testing {
namespace {

// Far beyond what anything here takes, also under a sanitizer on a busy machine.
constexpr std::chrono::seconds kPatience{60};

absl::Status Errno(const char* what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const std::string& program, const std::vector<std::string>& arguments) {
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return Errno("pipe2");
  // Made before the fork: after it, only what is safe in a signal handler may be called.
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) return Errno("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves no server behind
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(output[1]);
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) return Errno("pidfd_open");
  return std::unique_ptr<ServerProcess>(new ServerProcess(pid, pid_fd, output[0]));
}

ServerProcess::ServerProcess(pid_t pid, int pid_fd, int output_fd)
    : pid_(pid), pid_fd_(pid_fd), reader_([this, output_fd] { ReadOutput(output_fd); }) {}

ServerProcess::~ServerProcess() {
  Signal(SIGKILL);
  (void)WaitForExit();
  reader_.join();
  close(pid_fd_);
}

void ServerProcess::ReadOutput(int fd) {
  char buffer[4096];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    MutexLock lock(&mutex_);
    if (count > 0) output_.append(buffer, static_cast<size_t>(count));
    if (count <= 0) output_ended_ = true;
    changed_.NotifyAll();
    if (count <= 0) break;
  }
  close(fd);
}

absl::StatusOr<std::string> ServerProcess::WaitForLine(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(&mutex_);
  while (true) {
    const size_t at = output_.find(text);
    const size_t end = at == std::string::npos ? at : output_.find('\n', at);
    if (end != std::string::npos) {
      const size_t newline = output_.rfind('\n', at);
      const size_t begin = newline == std::string::npos ? 0 : newline + 1;
      return output_.substr(begin, end - begin);
    }
    const auto now = std::chrono::steady_clock::now();
    if (output_ended_ || now >= deadline) {
      return absl::DeadlineExceededError(absl::StrCat("no line with \"", text, "\" in:\n", output_));
    }
    changed_.WaitFor(&mutex_, deadline - now);
  }
}

absl::StatusOr<std::string> ServerProcess::WaitForAddress() {
  constexpr char kMark[] = "listening on ";
  IMPASTO_ASSIGN_OR_RETURN(const std::string line, WaitForLine(kMark));
  return line.substr(line.find(kMark) + std::strlen(kMark));
}

absl::Status ServerProcess::WaitForServing() { return WaitForLine(" serving").status(); }

void ServerProcess::Signal(int number) {
  MutexLock lock(&mutex_);
  if (!reaped_) kill(pid_, number);
}

absl::StatusOr<int> ServerProcess::WaitForExit() {
  pollfd wait{.fd = pid_fd_, .events = POLLIN, .revents = 0};
  const int timeout = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  while (poll(&wait, 1, timeout) < 0 && errno == EINTR) {
  }
  if ((wait.revents & POLLIN) == 0)
    return absl::DeadlineExceededError(absl::StrCat("still running:\n", output()));
  MutexLock lock(&mutex_);
  if (!reaped_) {
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return Errno("waitpid");
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    reaped_ = true;
  }
  return exit_code_;
}

std::string ServerProcess::output() {
  MutexLock lock(&mutex_);
  return output_;
}

int64_t ServerProcess::ResidentBytes() const {
  std::ifstream statm(absl::StrCat("/proc/", pid_, "/statm"));
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace impasto::testing
