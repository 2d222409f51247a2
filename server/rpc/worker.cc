#include "rpc/worker.h"

#include <utility>

namespace impasto::rpc {

Worker::Worker(int max_waiting) : max_waiting_(max_waiting), thread_([this] { Loop(); }) {}

bool Worker::TryPost(std::function<void()> task) {
  MutexLock lock(&mutex_);
  if (stopped_ || static_cast<int>(tasks_.size()) >= max_waiting_) return false;
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
  return true;
}

void Worker::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void Worker::Loop() {
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      while (tasks_.empty() && !stopped_) changed_.Wait(&mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace impasto::rpc
