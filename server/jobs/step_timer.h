// How long a job has run, and how long it will.
#pragma once

#include <array>

namespace impasto::jobs {

// Not thread-safe. Times are Clock's seconds.
class StepTimer {
 public:
  // The first step begins.
  void Begin(double now);
  // A step is done.
  void Stepped(double now);

  // Steps that are done.
  int steps() const { return count_; }
  // Seconds a step, on average; 0 before the first.
  double SecondsPerStep() const { return count_ > 0 ? (last_ - start_) / count_ : 0; }
  // Seconds since the first step began; 0 before it.
  double Elapsed(double now) const;
  // Seconds that so many steps like the latest will take: the median of the latest steps' times, so that one
  // slow step (the first, as a rule) doesn't swing it. 0 before the first step is done.
  double Remaining(double steps) const;

 private:
  static constexpr int kWindow = 15;
  bool begun_ = false;
  double start_ = 0;
  double last_ = 0;
  int count_ = 0;
  std::array<double, kWindow> times_{};  // a ring
};

}  // namespace impasto::jobs
