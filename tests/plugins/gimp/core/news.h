// What a host is told of, for tests that wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace impasto::gimp {

// Thread-safe.
class News {
 public:
  // For `changed`. Lives as long as this.
  std::function<void()> Listener() {
    return [this] {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }

  // Blocks until `done`, which is looked at after every change; false: not within a minute.
  bool WaitUntil(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (true) {
      std::unique_lock<std::mutex> lock(mutex_);
      const int seen = count_;
      lock.unlock();
      if (done()) {
        return true;
      }
      lock.lock();
      if (!changed_.wait_until(lock, deadline, [&] { return count_ != seen; })) {
        return false;
      }
    }
  }

  int count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// Waits until nobody else holds it: the threads that outlive a watch or a job have ended.
template <class Shared>
bool WaitUntilAlone(const std::shared_ptr<Shared>& shared) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (shared.use_count() > 1 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  return shared.use_count() == 1;
}

}  // namespace impasto::gimp
