// A job's stream whose events a test has written down. Needs no GoogleMock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "impasto/stylize_call.h"

namespace impasto::mocks {

// Gives its events one by one, and ends with `end`. After Cancel() and Detach() it gives none any more and
// ends with CANCELLED, as a real call does. Threads as in StylizeCall.
class ScriptedCall : public StylizeCall {
 public:
  explicit ScriptedCall(std::vector<StylizeEvent> events, absl::Status end = absl::OkStatus())
      : events_(std::move(events)), end_(std::move(end)) {}

  std::optional<StylizeEvent> Next() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (left_.has_value() || next_ == events_.size()) {
      return std::nullopt;
    }
    StylizeEvent event = events_[next_++];
    if (const auto* accepted = std::get_if<v1::Accepted>(&event)) {
      job_ = accepted->job();
    }
    return event;
  }

  absl::Status Finish() override {
    while (Next().has_value()) {
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    return left_.value_or(end_);
  }

  // The name in the v1::Accepted that was given, or "".
  std::string job() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return job_;
  }

  // How many events were given: their numbers are 1, 2, ...
  int64_t last_event() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<int64_t>(next_);
  }

  bool Cancel(absl::Duration /*wait*/ = absl::ZeroDuration()) override {
    Leave("cancelled");
    return true;
  }

  absl::Status Detach() override {
    if (job().empty()) {
      return absl::FailedPreconditionError("the job isn't accepted yet");
    }
    Leave("detached");
    return absl::OkStatus();
  }

 private:
  void Leave(const char* why) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!left_.has_value() && next_ < events_.size()) {
      left_ = absl::CancelledError(why);
    }
  }

  const std::vector<StylizeEvent> events_;
  const absl::Status end_;
  mutable std::mutex mutex_;
  size_t next_ = 0;                   // guarded by mutex_
  std::string job_;                   // guarded by mutex_
  std::optional<absl::Status> left_;  // guarded by mutex_
};

}  // namespace impasto::mocks
