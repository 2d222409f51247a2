// Time that passes when somebody waits, and chance that is always the same.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "retry.h"

namespace impasto::testing {

// For one thread.
class FakeRetryTime : public RetryTime {
 public:
  absl::Time Now() override { return now_; }
  void Sleep(absl::Duration duration) override {
    waits.push_back(duration);
    now_ += duration;
  }
  double Chance() override { return 0.5; }

  std::vector<absl::Duration> waits;

 private:
  absl::Time now_ = absl::UnixEpoch();
};

}  // namespace impasto::testing
