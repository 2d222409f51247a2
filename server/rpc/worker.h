// A thread for what takes too long for a reactor.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace impasto::rpc {

// Thread-safe. Tasks run one at a time, in order.
class Worker {
 public:
  // At most `max_waiting` tasks wait, besides the one that runs.
  explicit Worker(int max_waiting);
  ~Worker() { Stop(); }

  // False, and the task won't run, where the queue is full or the worker stopped.
  [[nodiscard]] bool TryPost(std::function<void()> task);

  // Runs the tasks that wait, then ends the thread. Fine to call twice.
  void Stop();

 private:
  void Loop();

  const int max_waiting_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace impasto::rpc
