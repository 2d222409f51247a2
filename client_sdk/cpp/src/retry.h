// Unary calls that are made again while there is no server.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace impasto {

// Time and chance, so that tests needn't wait for either. Thread-safe.
class RetryTime {
 public:
  virtual ~RetryTime() = default;
  virtual absl::Time Now() = 0;
  virtual void Sleep(absl::Duration duration) = 0;
  // A random number in [0, 1).
  virtual double Chance() = 0;

  // The real ones. It lives for ever.
  static RetryTime* Real();
};

// What `call` returns, once that isn't UNAVAILABLE, or after `timeout`. `attempt` is 0 at first.
absl::Status RetryUnavailable(absl::Duration timeout, RetryTime* time,
                              const std::function<absl::Status(int attempt)>& call);

}  // namespace impasto
