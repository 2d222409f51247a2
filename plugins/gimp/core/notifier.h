// Tells a host of changes, for as long as it wants to know.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace impasto::gimp {

// Thread-safe.
class Notifier {
 public:
  explicit Notifier(std::function<void()> changed) : changed_(std::move(changed)) {}

  // Calls `changed`, without a lock, unless Silence() was called.
  void Notify();
  // `changed` isn't called any more once this has returned. Waits for calls of it that are under way on other
  // threads: they only hand over.
  void Silence();

 private:
  const std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable returned_;
  bool silent_ = false;                   // guarded by mutex_
  std::vector<std::thread::id> callers_;  // guarded by mutex_; those within `changed`
};

}  // namespace impasto::gimp
