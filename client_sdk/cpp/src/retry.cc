#include "retry.h"

#include <optional>
#include <random>

#include "absl/time/clock.h"
#include "backoff.h"
#include "impasto/error.h"

namespace impasto {
namespace {

class RealTime final : public RetryTime {
 public:
  absl::Time Now() override { return absl::Now(); }
  void Sleep(absl::Duration duration) override { absl::SleepFor(duration); }
  double Chance() override {
    thread_local std::minstd_rand random{std::random_device()()};
    return std::uniform_real_distribution<double>(0, 1)(random);
  }
};

}  // namespace

RetryTime* RetryTime::Real() {
  static auto* const real = new RealTime();
  return real;
}

absl::Status RetryUnavailable(absl::Duration timeout, RetryTime* time,
                              const std::function<absl::Status(int attempt)>& call) {
  Backoff backoff(timeout);
  for (int attempt = 0;; ++attempt) {
    absl::Status status = call(attempt);
    if (!absl::IsUnavailable(status)) {
      return status;
    }
    const std::optional<absl::Duration> wait =
        backoff.Next(time->Now(), time->Chance(), RetryDelay(status).value_or(absl::ZeroDuration()));
    if (!wait.has_value()) {
      return status;
    }
    time->Sleep(*wait);
  }
}

}  // namespace impasto
