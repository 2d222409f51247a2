// How long a job's steps take, and how long those to come will.
#pragma once

#include <array>

namespace impasto::jobs {

// Not thread-safe. Times are of the device, in seconds: what a job waits for others doesn't count.
class StepTimer {
 public:
  // A step is done.
  void Stepped(double seconds);

  // Steps that are done.
  int steps() const { return count_; }
  // Seconds that so many steps like the latest will take: the median of the latest steps' times, so that one
  // slow step (the first, as a rule) doesn't swing it. 0 before the first step is done.
  double Remaining(double steps) const;

 private:
  static constexpr int kWindow = 15;
  int count_ = 0;
  std::array<double, kWindow> times_{};  // a ring
};

}  // namespace impasto::jobs
