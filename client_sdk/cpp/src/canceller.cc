#include "canceller.h"

namespace impasto {

void Canceller::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  if (context_ != nullptr) {
    context_->TryCancel();
  }
  changed_.notify_all();
}

bool Canceller::WaitFor(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, absl::ToChronoNanoseconds(duration), [this] { return cancelled_; });
}

bool Canceller::cancelled() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cancelled_;
}

Canceller::Scope::Scope(Canceller* canceller, grpc::ClientContext* context) : canceller_(canceller) {
  const std::lock_guard<std::mutex> lock(canceller_->mutex_);
  canceller_->context_ = context;
  if (canceller_->cancelled_) {
    context->TryCancel();  // before its call: the call fails at once with CANCELLED
  }
}

Canceller::Scope::~Scope() {
  const std::lock_guard<std::mutex> lock(canceller_->mutex_);
  canceller_->context_ = nullptr;
}

}  // namespace impasto
