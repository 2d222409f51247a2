// Cancels the call that is under way, and every one that would follow it.
#pragma once

#include <condition_variable>
#include <mutex>

#include <grpcpp/client_context.h>

#include "absl/time/time.h"

namespace impasto {

// Thread-safe.
class Canceller {
 public:
  // Cancels the call in the current Scope, if there is one, and those of all later Scopes. Never blocks on
  // the network.
  void Cancel();
  bool cancelled() const;

  // Waits. False: it was cancelled before the time was over.
  bool WaitFor(absl::Duration duration);

  // One call's time. The context has to outlive it.
  class Scope {
   public:
    Scope(Canceller* canceller, grpc::ClientContext* context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Canceller* const canceller_;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  grpc::ClientContext* context_ = nullptr;  // guarded by mutex_
  bool cancelled_ = false;                  // guarded by mutex_
};

}  // namespace impasto
