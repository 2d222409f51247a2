// Ctrl-C and SIGTERM.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace impasto::cli {

// The first signal calls the first handler. Without one, and always with the second signal, the program exits
// (128 + the signal's number): at once, or after the second handler. Make one, in main(), before any other
// thread: it blocks the signals for all threads to come.
class InterruptWatcher {
 public:
  InterruptWatcher();
  ~InterruptWatcher();
  InterruptWatcher(const InterruptWatcher&) = delete;
  InterruptWatcher& operator=(const InterruptWatcher&) = delete;

  // Both are called in the watcher's thread. `first`, with the signal, mustn't block; `second` as long as a
  // user waits at most. Empty functions take handlers away: this returns only when none is running.
  // Thread-safe.
  void SetHandlers(std::function<void(int signal)> first, std::function<void()> second);

  // SIGINT or SIGTERM once the handler was called, 0 before. Thread-safe.
  int signal() const;

 private:
  void Watch();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  mutable std::mutex mutex_;
  std::function<void(int)> first_;  // guarded by mutex_
  std::function<void()> second_;    // guarded by mutex_
  int signal_ = 0;                  // guarded by mutex_
  std::thread thread_;
};

}  // namespace impasto::cli
