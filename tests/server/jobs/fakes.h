// A work whose steps wait for the test, a clock that the test sets, and a reader of a job's events.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "jobs/job.h"
#include "jobs/work.h"

namespace impasto::jobs {

class FakeClock final : public Clock {
 public:
  double NowSeconds() const override {
    MutexLock lock(&mutex_);
    return now_;
  }
  void Advance(double seconds) {
    MutexLock lock(&mutex_);
    now_ += seconds;
  }

 private:
  mutable Mutex mutex_;
  double now_ ABSL_GUARDED_BY(mutex_) = 1000;
};

// Something that happens once, or a count that is reached; waited for without sleeping.
class Counter {
 public:
  void Add(int more = 1) {
    MutexLock lock(&mutex_);
    value_ += more;
    changed_.NotifyAll();
  }
  void WaitFor(int value) {
    MutexLock lock(&mutex_);
    while (value_ < value) changed_.Wait(&mutex_);
  }
  int value() {
    MutexLock lock(&mutex_);
    return value_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};

inline constexpr int kNoLimit = 1 << 28;

// What the test sees and steers of a FakeWork; shared, so that it outlives the work.
struct WorkControl {
  int iterations = 3;
  FakeClock* clock = nullptr;  // advanced by step_seconds in every step
  double step_seconds = 1;
  absl::Status start_status;
  int failing_step = 0;  // this call of Step fails with step_status, or throws
  absl::Status step_status = absl::DataLossError("the loss is not a number");
  bool throws = false;
  absl::Status result_status;   // of the result's maker
  absl::Status preview_status;  // of a preview's maker
  size_t picture_bytes = 10;

  Counter allowed;      // Step number k returns only when k steps are allowed
  Counter entered;      // calls of Step
  Counter freed;        // 1: the work is gone
  Counter previewing;   // previews whose encoding has begun
  Counter may_preview;  // the k-th preview is encoded only when k are allowed
  Counter resulting;
  Counter may_result;

  std::thread::id started_on;
  std::thread::id freed_on;

  // Nothing waits for the test.
  WorkControl* Free() {
    allowed.Add(kNoLimit);
    may_preview.Add(kNoLimit);
    may_result.Add(kNoLimit);
    return this;
  }
};

// The best picture is always the latest; the losses of evaluation k are 100 - k.
class FakeWork final : public Work {
 public:
  explicit FakeWork(std::shared_ptr<WorkControl> control) : control_(std::move(control)) {}
  ~FakeWork() override {
    control_->freed_on = std::this_thread::get_id();
    control_->freed.Add();
  }

  absl::Status Start() override {
    control_->started_on = std::this_thread::get_id();
    return control_->start_status;
  }
  absl::StatusOr<v1::Progress> Step() override {
    const int evaluation = ++evaluations_;
    control_->entered.Add();
    control_->allowed.WaitFor(evaluation);
    if (control_->clock != nullptr) control_->clock->Advance(control_->step_seconds);
    if (evaluation == control_->failing_step) {
      if (control_->throws) throw std::bad_alloc();
      return control_->step_status;
    }
    ++good_evaluations_;
    v1::Progress progress;
    progress.set_iteration(evaluation);
    progress.set_iterations(control_->iterations);
    progress.set_total_loss(100 - evaluation);
    return progress;
  }
  bool done() const override { return evaluations_ == control_->iterations + 1; }
  int iterations_made() const override { return std::min(good_evaluations_, control_->iterations); }
  double remaining_steps() const override { return control_->iterations + 1 - evaluations_; }

  PictureMaker TakePreview() override {
    return [control = control_, data = Data("p")]() -> absl::StatusOr<EncodedPicture> {
      control->previewing.Add();
      control->may_preview.WaitFor(control->previewing.value());
      if (!control->preview_status.ok()) return control->preview_status;
      return EncodedPicture{{}, data};
    };
  }
  PictureMaker TakeResult(v1::Result* result) override {
    result->set_iteration(iterations_made());
    result->set_total_loss(100 - good_evaluations_);
    return [control = control_, data = Data("r")]() -> absl::StatusOr<EncodedPicture> {
      control->resulting.Add();
      control->may_result.WaitFor(control->resulting.value());
      if (!control->result_status.ok()) return control->result_status;
      return EncodedPicture{{}, data};
    };
  }

 private:
  // "p3aaaaaaaa": a preview after 3 steps.
  std::string Data(absl::string_view kind) const {
    std::string data = absl::StrCat(kind, iterations_made());
    data.resize(std::max(data.size(), control_->picture_bytes), 'a');
    return data;
  }

  const std::shared_ptr<WorkControl> control_;
  int evaluations_ = 0;
  int good_evaluations_ = 0;
};

inline PrepareJob PrepareFake(std::shared_ptr<WorkControl> control, PreviewSchedule previews = {}) {
  return [control = std::move(control), previews]() -> absl::StatusOr<PreparedJob> {
    PreparedJob prepared;
    prepared.accepted.mutable_recipe()->set_iterations(control->iterations);
    prepared.work = std::make_unique<FakeWork>(control);
    prepared.previews = previews;
    prepared.summary = "fake";
    return prepared;
  };
}

// Reads a job's events, waiting for each.
class EventReader {
 public:
  explicit EventReader(std::shared_ptr<Job> job) : job_(std::move(job)) {}

  // Nothing: the end.
  std::optional<Event> Next() {
    for (;;) {
      const std::optional<absl::Status> end = job_->EndStatus();
      if (std::optional<Event> event = job_->NextEvent(sequence_)) {
        sequence_ = event->message.sequence();
        return event;
      }
      if (end) return std::nullopt;
      Wait(sequence_);
    }
  }
  std::vector<Event> Rest() {
    std::vector<Event> events;
    while (std::optional<Event> event = Next()) events.push_back(*std::move(event));
    return events;
  }
  absl::Status WaitForEnd() {
    Wait(std::numeric_limits<int64_t>::max());
    return *job_->EndStatus();
  }

 private:
  void Wait(int64_t after) {
    Counter woken;
    job_->NotifyAfter(after, [&] { woken.Add(); });
    woken.WaitFor(1);
    job_->NotifyAfter(0, nullptr);  // `woken` goes; the call must be over
  }

  const std::shared_ptr<Job> job_;
  int64_t sequence_ = 0;
};

// "accepted", "progress 1", "preview p2", "result r3", "finished 1": an event in a word, pictures by the
// start of their bytes.
inline std::string Describe(const Event& event) {
  const v1::JobEvent& message = event.message;
  switch (message.event_case()) {
    case v1::JobEvent::kAccepted:
      return "accepted";
    case v1::JobEvent::kProgress:
      return absl::StrCat("progress ", message.progress().iteration());
    case v1::JobEvent::kPreview:
      return "preview " + event.picture->data.substr(0, event.picture->data.find('a'));
    case v1::JobEvent::kResult:
      return "result " + event.picture->data.substr(0, event.picture->data.find('a'));
    case v1::JobEvent::kFinished:
      return v1::Finished::State_Name(message.finished().state()).substr(6);
    case v1::JobEvent::EVENT_NOT_SET:
      break;
  }
  return "nothing";
}
inline std::vector<std::string> Describe(const std::vector<Event>& events) {
  std::vector<std::string> words;
  for (const Event& event : events) words.push_back(Describe(event));
  return words;
}

}  // namespace impasto::jobs
