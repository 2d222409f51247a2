#include "tests/client_sdk/cli/cli_process.h"

#include <fcntl.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include <gtest/gtest.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere

namespace impasto::testing {
namespace {

void ReadAll(int fd, const std::function<void(const char*, size_t)>& take) {
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {  // a terminal's end is an error, EIO
      close(fd);
      return;
    }
    take(buffer, static_cast<size_t>(n));
  }
}

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  for (std::string& string : *strings) {
    pointers.push_back(string.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string MakeTestDir() {
  static std::atomic<int> count = 0;
  const std::string path =
      ::testing::TempDir() + "impasto_cli." + std::to_string(getpid()) + "." + std::to_string(++count) + "/";
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> ListDir(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

CliProcess::CliProcess(const std::vector<std::string>& arguments) : CliProcess(arguments, Options{}) {}

CliProcess::CliProcess(const std::vector<std::string>& arguments, const Options& options) {
  std::string program = options.program;
  if (const char* const cli = std::getenv("IMPASTO_CLI"); program.empty() && cli != nullptr) {
    program = cli;
  }
  EXPECT_FALSE(program.empty()) << "IMPASTO_CLI isn't set";
  int out[2];
  int err[2];
  bool made = pipe2(out, O_CLOEXEC) == 0;
  if (options.terminal) {
    winsize size{.ws_row = 24, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
    made = made && openpty(&err[0], &err[1], nullptr, nullptr, &size) == 0 &&
           fcntl(err[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(err[1], F_SETFD, FD_CLOEXEC) == 0;
  } else {
    made = made && pipe2(err, O_CLOEXEC) == 0;
  }
  EXPECT_TRUE(made);

  std::vector<std::string> argv = {program};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string name = std::string(*variable).substr(0, std::string(*variable).find('='));
    if (name != "IMPASTO_SERVER" && name != "IMPASTO_TLS_CA" && name != "IMPASTO_TOKEN") {
      environment.emplace_back(*variable);
    }
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (options.terminal && options.keyboard) {
    keyboard_ = fcntl(err[0], F_DUPFD_CLOEXEC, 0);
    posix_spawn_file_actions_adddup2(&actions, err[1], 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  EXPECT_EQ(posix_spawn(&pid_, program.c_str(), &actions, nullptr, Pointers(&argv).data(),
                        Pointers(&environment).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);

  out_reader_ = std::thread(
      [this, fd = out[0]] { ReadAll(fd, [this](const char* p, size_t n) { out_.append(p, n); }); });
  err_reader_ = std::thread([this, fd = err[0]] {
    ReadAll(fd, [this](const char* p, size_t n) {
      const std::lock_guard<std::mutex> lock(mutex_);
      err_.append(p, n);
      changed_.notify_all();
    });
    const std::lock_guard<std::mutex> lock(mutex_);
    err_ended_ = true;
    changed_.notify_all();
  });
}

CliProcess::~CliProcess() {
  if (exit_code_ < 0) {
    Signal(SIGKILL);
    Wait();
  }
  if (keyboard_ >= 0) {
    close(keyboard_);
  }
}

void CliProcess::Type(const std::string& text) {
  EXPECT_EQ(write(keyboard_, text.data(), text.size()), text.size());
}

bool CliProcess::WaitForStderr(const std::string& text) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return err_ended_ || err_.find(text) != std::string::npos; });
  return err_.find(text) != std::string::npos;
}

void CliProcess::Signal(int number) {
  // Where none was started: -1 would be everybody.
  if (pid_ > 0) {
    kill(pid_, number);
  }
}

int CliProcess::Wait() {
  if (exit_code_ < 0) {
    int status = 0;
    while (pid_ > 0 && waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    out_reader_.join();
    err_reader_.join();
  }
  return exit_code_;
}

}  // namespace impasto::testing
