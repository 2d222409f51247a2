// One lock a name, for as many names as there are.
#pragma once

#include <set>
#include <string>

#include "base/mutex.h"

namespace impasto::jobs {

// Thread-safe.
class KeyedMutex {
 public:
  // Holds `key`, and waits for whoever else holds it.
  class Lock {
   public:
    Lock(KeyedMutex* mutex, std::string key) : mutex_(mutex), key_(std::move(key)) {
      MutexLock lock(&mutex_->mutex_);
      while (!mutex_->held_.insert(key_).second) mutex_->released_.Wait(&mutex_->mutex_);
    }
    ~Lock() {
      MutexLock lock(&mutex_->mutex_);
      mutex_->held_.erase(key_);
      mutex_->released_.NotifyAll();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    KeyedMutex* const mutex_;
    const std::string key_;
  };

 private:
  Mutex mutex_;
  CondVar released_;
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace impasto::jobs
