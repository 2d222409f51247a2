// Waiting for other threads without sleeping.
#pragma once

#include "base/mutex.h"

namespace impasto {

// Something that happens once, or a count that is reached. Thread-safe.
class Counter {
 public:
  explicit Counter(int value = 0) : value_(value) {}
  void Add(int more = 1) {
    MutexLock lock(&mutex_);
    value_ += more;
    changed_.NotifyAll();
  }
  void WaitFor(int value) {
    MutexLock lock(&mutex_);
    while (value_ < value) changed_.Wait(&mutex_);
  }
  int value() {
    MutexLock lock(&mutex_);
    return value_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int value_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace impasto
