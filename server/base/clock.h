// Time as a dependency, so that tests set it.
#pragma once

#include <chrono>

namespace impasto {

class Clock {
 public:
  virtual ~Clock() = default;
  // Seconds since an arbitrary start; never goes back. Thread-safe.
  virtual double NowSeconds() const = 0;
};

class SteadyClock final : public Clock {
 public:
  double NowSeconds() const override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
};

}  // namespace impasto
