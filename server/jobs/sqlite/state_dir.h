// The folder that a server keeps its state in: one server at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/files.h"

namespace impasto::jobs {

// Holds an exclusive lock on the folder as long as it lives, or until the process ends, however it does.
// Immutable.
class StateDir {
 public:
  // Makes the folder (for its owner alone) and its parents where there are none. PERMISSION_DENIED: it can't
  // be written; FAILED_PRECONDITION: a newer version of Impasto wrote it; ALREADY_EXISTS: another server has
  // it; INVALID_ARGUMENT: it isn't a folder, or `path` is empty; RESOURCE_EXHAUSTED: it isn't there, and the
  // disk is full. Each says what to do.
  static absl::StatusOr<std::unique_ptr<StateDir>> Open(const std::string& path);

  const std::string& path() const { return path_; }

 private:
  StateDir(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

// $XDG_STATE_HOME/impasto, or else ~/.local/state/impasto; "" where the environment has neither. `variable`
// is std::getenv, or a test's.
std::string DefaultStateDir(const std::function<const char*(const char* name)>& variable);

}  // namespace impasto::jobs
