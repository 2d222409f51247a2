#include "core/local_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "core/text.h"
#include "impasto/address.h"

extern char** environ;

namespace impasto::gimp {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "impastod";

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsProgram(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

// What a child begins with: its own session, no files but its log, and signals as usual.
class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  // 0, or an errno.
  int Run(const std::string& program, std::vector<std::string> arguments, const std::string& log_file,
          pid_t* pid) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    constexpr short kFlags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    for (const int error :
         {posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
          posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log_file.c_str(),
                                           O_WRONLY | O_CREAT | O_APPEND, 0600),
          posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO),
          // The host waits for the ends of its pipes.
          posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1),
          posix_spawnattr_setsigmask(&attributes_, &none), posix_spawnattr_setsigdefault(&attributes_, &all),
          posix_spawnattr_setflags(&attributes_, kFlags)}) {
      if (error != 0) {
        return error;
      }
    }
    return posix_spawn(pid, program.c_str(), &files_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

absl::StatusOr<std::string> FindLocalServer(const std::string& prefix) {
  std::vector<fs::path> places;
  if (const std::string named = Environment("IMPASTO_IMPASTOD"); !named.empty()) {
    places.emplace_back(named);
  }
  if (!prefix.empty()) {
    places.push_back(fs::path(prefix) / "bin" / kProgram);
  }
  const std::string path = Environment("PATH");
  for (const absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
    places.push_back(fs::path(std::string(folder)) / kProgram);
  }
  for (const fs::path& place : places) {
    if (IsProgram(place)) {
      return place.string();
    }
  }
  return absl::NotFoundError(_(
      "The server isn't installed on this computer: there is no program impastod. Install it, or choose the "
      "address of a server that runs elsewhere."));
}

bool IsThisMachine(const std::string& address) { return impasto::IsThisMachine(address); }

absl::Status StartLocalServer(const std::string& program, const std::string& address,
                              const std::string& log_file) {
  pid_t pid = 0;
  const int error = Spawn().Run(program, {program, "--listen", address}, log_file, &pid);
  if (error != 0) {
    return absl::InternalError(absl::Substitute(_("The server can't be started with $0: $1"), program,
                                                std::generic_category().message(error)));
  }
  // So that one that ends at once is no zombie for as long as the host lives.
  std::thread([pid] { waitpid(pid, nullptr, 0); }).detach();
  return absl::OkStatus();
}

}  // namespace impasto::gimp
