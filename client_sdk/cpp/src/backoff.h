// When to try again.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace impasto {

// Waits of up to twice as long from one attempt to the next, each of a length that chance picks, so that the
// clients of a server that restarts don't all come back at once. Time and chance come from outside. Not
// thread-safe.
class Backoff {
 public:
  // Gives up so long after the first attempt since the last Reset(); 0: at once.
  explicit Backoff(absl::Duration timeout) : timeout_(timeout) {}

  // How long to wait before the next attempt; nullopt: give up. `uniform`: a random number in [0, 1). Comes
  // on top of `asked`, what the server asks for.
  std::optional<absl::Duration> Next(absl::Time now, double uniform, absl::Duration asked);

  // What is left of the timeout; never negative.
  absl::Duration Remaining(absl::Time now) const;

  // An attempt went well.
  void Reset();

 private:
  const absl::Duration timeout_;
  std::optional<absl::Time> deadline_;
  int attempts_ = 0;
};

}  // namespace impasto
