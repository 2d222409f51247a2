#include "jobs/sqlite/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

// Of the folder as a whole: which files are there and what they are called. The journal has a version of its
// own.
constexpr int kVersion = 1;

constexpr char kAnother[] = "choose another folder with --state-dir";

// The start of a short text file, without spaces around it; "" where there is none.
std::string ReadShort(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char text[64];
  const ssize_t got = fd.ok() ? read(fd.get(), text, sizeof(text)) : 0;
  return std::string(
      absl::StripAsciiWhitespace(absl::string_view(text, got > 0 ? static_cast<size_t>(got) : 0)));
}

absl::Status Refusal(const std::string& path, const absl::Status& why) {
  absl::string_view advice = "";
  if (absl::IsPermissionDenied(why)) advice = ". Let the server's user write there, or ";
  if (absl::IsResourceExhausted(why)) advice = ". Make room, or ";
  return absl::Status(why.code(), absl::StrCat("state directory ", path, ": ", why.message(), advice,
                                               advice.empty() ? "" : kAnother));
}

absl::Status NoFolder(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(path, " isn't a folder"));
}

// With its parents, each for its owner alone.
absl::Status MakePrivateFolders(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    struct stat info;
    if (stat(part.c_str(), &info) == 0) {
      if (!S_ISDIR(info.st_mode)) return NoFolder(part);
    } else if (errno != ENOENT) {
      return FileError(errno, part, "looked at");
    } else if (mkdir(part.c_str(), 0700) == 0) {
      IMPASTO_RETURN_IF_ERROR(SyncDirectory(DirectoryOf(part)));
    } else if (errno == EEXIST) {  // a link that leads nowhere
      return NoFolder(part);
    } else {
      return FileError(errno, part, "made");
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

// ALREADY_EXISTS: somebody has it.
absl::StatusOr<UniqueFd> Lock(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.ok()) return FileError(errno, path, "written");
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(errno, path, "locked");
    const std::string pid = ReadShort(path);
    return absl::AlreadyExistsError(absl::StrCat("another server uses it",
                                                 pid.empty() ? "" : absl::StrCat(" (process ", pid, ")"),
                                                 ". Stop that one, or ", kAnother));
  }
  // For people alone, so that a full disk is no reason to stop here.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd.get(), 0) == 0) WriteAll(fd.get(), pid, path).IgnoreError();
  return fd;
}

absl::Status CheckVersion(const std::string& path) {
  int found = 0;
  // A file that says nothing is written anew: it has nothing to lose, and the journal has its own version.
  if (!absl::SimpleAtoi(ReadShort(path), &found) || found < 1)
    return WriteFileAtomically(path, absl::StrCat(kVersion, "\n"), 0600);
  if (found <= kVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("a newer version of Impasto wrote it: its format is ",
                                                    found, ", this version knows up to ", kVersion,
                                                    ". Start the newer version, or ", kAnother));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateDir>> StateDir::Open(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "there is no state directory: name one with --state-dir, or set XDG_STATE_HOME or HOME");
  }
  if (const absl::Status made = MakePrivateFolders(path); !made.ok()) return Refusal(path, made);
  if (faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0)
    return Refusal(path, FileError(errno, path, "written"));
  absl::StatusOr<UniqueFd> lock = Lock(JoinPath(path, "lock"));
  if (!lock.ok()) return Refusal(path, lock.status());
  if (const absl::Status version = CheckVersion(JoinPath(path, "format")); !version.ok())
    return Refusal(path, version);
  return std::unique_ptr<StateDir>(new StateDir(path, *std::move(lock)));
}

std::string DefaultStateDir(const std::function<const char*(const char* name)>& variable) {
  const auto absolute = [&](const char* name) -> std::string {
    const char* value = variable(name);
    // The XDG specification has relative paths ignored.
    return value != nullptr && absl::StartsWith(value, "/") ? value : "";
  };
  if (const std::string state = absolute("XDG_STATE_HOME"); !state.empty()) return JoinPath(state, "impasto");
  const std::string home = absolute("HOME");
  return home.empty() ? "" : JoinPath(home, ".local/state/impasto");
}

}  // namespace impasto::jobs
