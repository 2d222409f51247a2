// A thread for small calls into other people's code, so that neither the device thread nor a lock waits for
// it.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace impasto::jobs {

// Thread-safe. Calls are made one at a time, in the order of Post.
class WakeThread {
 public:
  WakeThread();
  ~WakeThread() { Stop(); }

  // `call` must not block. After Stop it is made at once, on the caller's thread: callers hold no lock that
  // it may want.
  void Post(std::function<void()> call);

  // Makes the calls that wait, then ends the thread. Not from a call; so whoever owns it together with what
  // is posted calls this before letting go. Fine to call twice.
  void Stop();

 private:
  void Loop();

  Mutex mutex_;
  CondVar changed_;
  // Bounded by the posters: one call a job's log, and one line a job.
  std::deque<std::function<void()>> calls_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace impasto::jobs
