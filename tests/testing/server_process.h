// A program of ours as a child process, for tests: impastod, from its start to its exit code. Nothing here
// sleeps: what a test waits for is a line of the program's log, or its end.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"

namespace impasto::testing {

// Thread-safe but for Start and destruction.
class ServerProcess {
 public:
  // Starts `program`, a path, with stdout and stderr caught. INTERNAL where that can't be done.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::string& program,
                                                              const std::vector<std::string>& arguments);
  // Kills it if it is there still.
  ~ServerProcess();

  // The first line that contains `text`, once it is there. DEADLINE_EXCEEDED, with all that it wrote, after a
  // minute without it or at the end of the output.
  absl::StatusOr<std::string> WaitForLine(const std::string& text);
  // HOST:PORT of its "listening on" line. As above.
  absl::StatusOr<std::string> WaitForAddress();
  // Waits until its log says that it serves. As above.
  absl::Status WaitForServing();

  void Signal(int number);
  // The exit code, or 128 + the signal that ended it. DEADLINE_EXCEEDED after a minute.
  absl::StatusOr<int> WaitForExit();

  pid_t pid() const { return pid_; }
  // All that it wrote so far.
  std::string output();
  // Resident memory, bytes; 0 where it is gone.
  int64_t ResidentBytes() const;

 private:
  ServerProcess(pid_t pid, int pid_fd, int output_fd);
  void ReadOutput(int fd);

  const pid_t pid_;
  const int pid_fd_;
  Mutex mutex_;
  CondVar changed_;
  std::string output_ ABSL_GUARDED_BY(mutex_);
  bool output_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool reaped_ ABSL_GUARDED_BY(mutex_) = false;
  int exit_code_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread reader_;
};

}  // namespace impasto::testing
