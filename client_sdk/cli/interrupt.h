// Ctrl-C and SIGTERM.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace impasto::cli {

// The first signal calls the handler; without a handler, and always with the second signal, the program exits
// at once (128 + the signal's number). Make one, in main(), before any other thread: it blocks the signals
// for all threads to come.
class InterruptWatcher {
 public:
  InterruptWatcher();
  ~InterruptWatcher();
  InterruptWatcher(const InterruptWatcher&) = delete;
  InterruptWatcher& operator=(const InterruptWatcher&) = delete;

  // Called in the watcher's thread; it mustn't block. An empty function takes the handler away, and returns
  // only when it isn't running. Thread-safe.
  void SetHandler(std::function<void()> handler);

  // SIGINT or SIGTERM once the handler was called, 0 before. Thread-safe.
  int signal() const;

 private:
  void Watch();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  mutable std::mutex mutex_;
  std::function<void()> handler_;  // guarded by mutex_
  int signal_ = 0;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace impasto::cli
