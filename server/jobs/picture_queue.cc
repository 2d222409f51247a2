#include "jobs/picture_queue.h"

#include <algorithm>
#include <utility>

namespace impasto::jobs {

PictureQueue::PictureQueue() : thread_([this] { Loop(); }) {}

bool PictureQueue::ResultWaitsLocked() const {
  return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.is_result; });
}

void PictureQueue::PutPreview(int64_t job, Encode encode) {
  Encode dropped;  // freed after the lock: it holds a picture
  MutexLock lock(&mutex_);
  const auto waiting = std::find_if(items_.begin(), items_.end(),
                                    [&](const Item& item) { return !item.is_result && item.job == job; });
  if (waiting != items_.end()) {
    dropped = std::move(waiting->encode);
    items_.erase(waiting);
  }
  items_.push_back({false, job, std::move(encode)});
  changed_.NotifyAll();
}

void PictureQueue::PutResult(Encode encode) {
  MutexLock lock(&mutex_);
  while (ResultWaitsLocked()) changed_.Wait(&mutex_);
  items_.push_back({true, 0, std::move(encode)});
  changed_.NotifyAll();
}

void PictureQueue::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void PictureQueue::Loop() {
  for (;;) {
    Encode encode;
    {
      MutexLock lock(&mutex_);
      while (items_.empty() && !stopped_) changed_.Wait(&mutex_);
      if (items_.empty()) return;
      encode = std::move(items_.front().encode);
      items_.pop_front();
      changed_.NotifyAll();
    }
    encode();
  }
}

}  // namespace impasto::jobs
