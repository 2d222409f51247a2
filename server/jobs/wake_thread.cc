#include "jobs/wake_thread.h"

#include <utility>

namespace impasto::jobs {

WakeThread::WakeThread() : thread_([this] { Loop(); }) {}

void WakeThread::Post(std::function<void()> call) {
  {
    MutexLock lock(&mutex_);
    if (!stopped_) {
      calls_.push_back(std::move(call));
      changed_.NotifyOne();
      return;
    }
  }
  call();
}

void WakeThread::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void WakeThread::Loop() {
  for (;;) {
    std::function<void()> call;
    {
      MutexLock lock(&mutex_);
      while (calls_.empty() && !stopped_) changed_.Wait(&mutex_);
      if (calls_.empty()) return;
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    call();
  }
}

}  // namespace impasto::jobs
