#include "backoff.h"

#include <algorithm>

namespace impasto {
namespace {

constexpr absl::Duration kFirst = absl::Milliseconds(100);
constexpr absl::Duration kLongest = absl::Seconds(5);
constexpr int kDoublings = 6;  // beyond kLongest

}  // namespace

std::optional<absl::Duration> Backoff::Next(absl::Time now, double uniform, absl::Duration asked) {
  if (!deadline_.has_value()) {
    deadline_ = now + timeout_;
  }
  const absl::Duration longest = std::min(kFirst * (1 << std::min(attempts_, kDoublings)), kLongest);
  ++attempts_;
  const absl::Duration wait = asked + longest * uniform;
  if (now + wait >= *deadline_) {
    return std::nullopt;
  }
  return wait;
}

absl::Duration Backoff::Remaining(absl::Time now) const {
  return deadline_.has_value() ? std::max(*deadline_ - now, absl::ZeroDuration()) : timeout_;
}

void Backoff::Reset() {
  deadline_.reset();
  attempts_ = 0;
}

}  // namespace impasto
