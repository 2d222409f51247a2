#include "jobs/picture_queue.h"

#include <algorithm>
#include <utility>

namespace impasto::jobs {

PictureQueue::PictureQueue() : thread_([this] { Loop(); }) {}

bool PictureQueue::WaitsLocked(bool is_result) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const Item& item) { return item.is_result == is_result; });
}

void PictureQueue::PutPreview(Encode encode) {
  Encode dropped;  // freed after the lock: it holds a picture
  MutexLock lock(&mutex_);
  const auto waiting =
      std::find_if(items_.begin(), items_.end(), [](const Item& item) { return !item.is_result; });
  if (waiting != items_.end()) {
    dropped = std::move(waiting->encode);
    items_.erase(waiting);
  }
  items_.push_back({false, std::move(encode)});
  changed_.NotifyAll();
}

void PictureQueue::PutResult(Encode encode) {
  MutexLock lock(&mutex_);
  while (WaitsLocked(/*is_result=*/true)) changed_.Wait(&mutex_);
  items_.push_back({true, std::move(encode)});
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
