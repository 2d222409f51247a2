#include "core/notifier.h"

#include <algorithm>

namespace impasto::gimp {

void Notifier::Notify() {
  const std::thread::id me = std::this_thread::get_id();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (silent_ || changed_ == nullptr) {
      return;
    }
    callers_.push_back(me);
  }
  changed_();
  const std::lock_guard<std::mutex> lock(mutex_);
  callers_.erase(std::find(callers_.begin(), callers_.end(), me));
  returned_.notify_all();
}

void Notifier::Silence() {
  const std::thread::id me = std::this_thread::get_id();
  std::unique_lock<std::mutex> lock(mutex_);
  silent_ = true;
  // A host that ends its watch within `changed` would wait for itself.
  returned_.wait(lock, [&] {
    return std::all_of(callers_.begin(), callers_.end(),
                       [&](std::thread::id caller) { return caller == me; });
  });
}

}  // namespace impasto::gimp
