#include "jobs/step_timer.h"

#include <algorithm>

namespace impasto::jobs {

void StepTimer::Stepped(double seconds) { times_[count_++ % kWindow] = seconds; }

double StepTimer::Remaining(double steps) const {
  const int known = std::min(count_, kWindow);
  if (known == 0 || steps <= 0) return 0;
  std::array<double, kWindow> sorted = times_;
  std::nth_element(sorted.begin(), sorted.begin() + known / 2, sorted.begin() + known);
  return std::max(0.0, sorted[known / 2]) * steps;
}

}  // namespace impasto::jobs
