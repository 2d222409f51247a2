// Works whose steps wait for the test, a factory that makes them, a clock that the test sets, a journal that
// fails on demand, and a reader of a job's events.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "jobs/job.h"
#include "jobs/journal.h"
#include "jobs/work.h"
#include "tests/testing/counter.h"

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

inline constexpr int kNoLimit = 1 << 28;

// What the test sees and steers of a FakeWork; shared, so that it outlives the work. What isn't a counter is
// set before the job is submitted.
struct WorkControl {
  int iterations = 3;
  FakeClock* clock = nullptr;  // advanced by step_seconds in every step
  double step_seconds = 1;
  MemoryNeed memory{.peak = 10, .waiting = 1};
  absl::Status prepare_status;
  bool prepare_throws = false;
  absl::Status start_status;
  int failing_step = 0;  // this evaluation fails with step_status, or throws
  absl::Status step_status = absl::DataLossError("the loss is not a number");
  bool throws = false;
  absl::Status result_status;   // of the result's maker
  absl::Status preview_status;  // of a preview's maker

  Counter preparing;
  Counter may_prepare{kNoLimit};  // the k-th Prepare goes on only when k are allowed
  Counter allowed;                // evaluation k returns only when k are allowed
  Counter entered;                // calls of Step
  Counter starts;
  Counter set_asides;
  Counter checkpoints;
  Counter freed;        // works that are gone
  Counter previewing;   // previews whose encoding has begun
  Counter may_preview;  // the k-th preview is encoded only when k are allowed
  Counter resulting;
  Counter may_result;

  // Nothing waits for the test.
  WorkControl* Free() {
    allowed.Add(kNoLimit);
    may_preview.Add(kNoLimit);
    may_result.Add(kNoLimit);
    return this;
  }
};

// Depends on all steps, their order, and on what was changed between which of them.
class FakePicture {
 public:
  explicit FakePicture(uint64_t value = 17) : value_(value) {}
  void Step(int step, double style_weight) {
    for (const uint64_t part : {uint64_t(step), uint64_t(style_weight * 1000)}) {
      value_ = (value_ ^ part) * 0x9E3779B97F4A7C15u;
      value_ ^= value_ >> 29;
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_;
};

// Steps and memory of all works of a factory, as a device would have them.
struct FakeDevice {
  std::atomic<int> stepping{0};
  std::atomic<int64_t> bytes{0}, most_bytes{0};  // of works that are started

  void Take(int64_t more) {
    const int64_t now = bytes += more;
    int64_t most = most_bytes;
    while (now > most && !most_bytes.compare_exchange_weak(most, now)) {
    }
  }
};

// The best picture is always the latest; the losses of evaluation k are 100 - k.
class FakeWork final : public Work {
 public:
  FakeWork(std::shared_ptr<WorkControl> control, std::shared_ptr<FakeDevice> device, v1::Recipe original)
      : control_(std::move(control)), device_(std::move(device)), original_(std::move(original)) {}
  ~FakeWork() override {
    if (started_) device_->Take(-control_->memory.peak);
    control_->freed.Add();
  }

  absl::Status Restore(std::istream& checkpoint) {
    uint64_t picture = 0;
    std::string end;
    if (!(checkpoint >> evaluations_ >> steps_ >> picture >> end) || end != "end") {
      return absl::DataLossError("no checkpoint");
    }
    picture_ = FakePicture(picture);
    return absl::OkStatus();
  }

  absl::Status Start() override {
    EXPECT_FALSE(started_);
    control_->starts.Add();
    if (!control_->start_status.ok()) return control_->start_status;
    started_ = true;
    device_->Take(control_->memory.peak);
    return absl::OkStatus();
  }
  bool started() const override { return started_; }
  absl::StatusOr<v1::Progress> Step() override {
    EXPECT_TRUE(started_);
    EXPECT_EQ(device_->stepping++, 0);
    const int evaluation = ++evaluations_;
    control_->entered.Add();
    control_->allowed.WaitFor(evaluation);
    if (control_->clock != nullptr) control_->clock->Advance(control_->step_seconds);
    device_->stepping--;
    if (evaluation == control_->failing_step) {
      if (control_->throws) throw std::bad_alloc();
      return control_->step_status;
    }
    const v1::Recipe in_force = recipe();
    if (steps_ < in_force.iterations()) picture_.Step(++steps_, in_force.style_weight());
    v1::Progress progress;
    progress.set_iteration(evaluation);
    progress.set_iterations(in_force.iterations());
    progress.set_total_loss(100 - evaluation);
    return progress;
  }
  void SetAside() override {
    EXPECT_TRUE(std::exchange(started_, false));
    device_->Take(-control_->memory.peak);
    control_->set_asides.Add();
  }

  bool done() const override { return evaluations_ > recipe().iterations(); }
  int iterations_made() const override { return steps_; }
  double remaining_steps() const override { return recipe().iterations() + 1 - evaluations_; }

  absl::Status Change(v1::RecipeChange* change) override {
    change->set_iteration(steps_);
    if (change->has_style_weight() && change->style_weight() < 0) {
      return absl::InvalidArgumentError("recipe.style_weight: is below 0");
    }
    if (change->has_iterations() && change->iterations() < steps_) {
      return absl::InvalidArgumentError("recipe.iterations: are made");
    }
    auto& changes = *original_.mutable_changes();
    *changes.Add() = *change;
    std::stable_sort(changes.begin(), changes.end(),
                     [](const auto& a, const auto& b) { return a.iteration() < b.iteration(); });
    return absl::OkStatus();
  }
  void SetPreview(const v1::PreviewOptions& preview) override {}
  v1::Recipe recipe() const override {
    v1::Recipe recipe = original_;
    for (const v1::RecipeChange& change : original_.changes()) {
      if (change.iteration() > steps_) continue;
      if (change.has_style_weight()) recipe.set_style_weight(change.style_weight());
      if (change.has_iterations()) recipe.set_iterations(change.iterations());
    }
    recipe.clear_changes();
    return recipe;
  }
  v1::Recipe original_recipe() const override { return original_; }

  PictureMaker TakePreview() override {
    return [control = control_, data = Data("p")]() -> absl::StatusOr<EncodedPicture> {
      control->previewing.Add();
      control->may_preview.WaitFor(control->previewing.value());
      if (!control->preview_status.ok()) return control->preview_status;
      return EncodedPicture{{}, data};
    };
  }
  PictureMaker TakeResult(v1::Result* result) override {
    result->set_iteration(steps_);
    result->set_total_loss(100 - steps_ - (done() ? 1 : 0));
    return [control = control_, data = Data("r")]() -> absl::StatusOr<EncodedPicture> {
      control->resulting.Add();
      control->may_result.WaitFor(control->resulting.value());
      if (!control->result_status.ok()) return control->result_status;
      return EncodedPicture{{}, data};
    };
  }
  ByteWriter TakeCheckpoint() override {
    return [control = control_, text = absl::StrCat(evaluations_, " ", steps_, " ", picture_.value(),
                                                    " end")](const ByteSink& sink) {
      absl::Status status = sink(text);
      control->checkpoints.Add();
      return status;
    };
  }

 private:
  // "p3:1234": a preview after 3 steps, and the picture.
  std::string Data(absl::string_view kind) const { return absl::StrCat(kind, steps_, ":", picture_.value()); }

  const std::shared_ptr<WorkControl> control_;
  const std::shared_ptr<FakeDevice> device_;
  v1::Recipe original_;
  bool started_ = false;
  int evaluations_ = 0;
  int steps_ = 0;
  FakePicture picture_;
};

inline constexpr double kFakeStyleWeight = 1;

// The picture of an uninterrupted run, in the result's bytes.
inline std::string FakeResult(int iterations, const std::vector<std::pair<int, double>>& weights = {}) {
  FakePicture picture;
  double weight = kFakeStyleWeight;
  for (int step = 1; step <= iterations; ++step) {
    for (const auto& [from, changed] : weights) {
      if (from == step - 1) weight = changed;
    }
    picture.Step(step, weight);
  }
  return absl::StrCat("r", iterations, ":", picture.value());
}

// Makes the work whose control has the name of the request's content picture.
class FakeFactory final : public WorkFactory {
 public:
  void Put(const std::string& name, std::shared_ptr<WorkControl> control) {
    MutexLock lock(&mutex_);
    controls_[name] = std::move(control);
  }

  absl::StatusOr<PreparedJob> Prepare(std::shared_ptr<const v1::StylizeRequest> request,
                                      const v1::Job* previous, std::istream* checkpoint) override {
    const std::string name(absl::StripPrefix(request->content().upload(), "uploads/"));
    std::shared_ptr<WorkControl> control;
    {
      MutexLock lock(&mutex_);
      const auto found = controls_.find(name);
      if (found == controls_.end()) return absl::NotFoundError(absl::StrCat("no upload ", name));
      control = found->second;
    }
    control->preparing.Add();
    control->may_prepare.WaitFor(control->preparing.value());
    if (control->prepare_throws) throw std::bad_alloc();
    IMPASTO_RETURN_IF_ERROR(control->prepare_status);
    v1::Recipe recipe = request->recipe();
    recipe.set_iterations(control->iterations);
    recipe.set_style_weight(kFakeStyleWeight);
    if (previous != nullptr) recipe = previous->original_recipe();
    auto work = std::make_unique<FakeWork>(control, device_, recipe);
    if (checkpoint != nullptr) IMPASTO_RETURN_IF_ERROR(work->Restore(*checkpoint));
    PreparedJob prepared;
    *prepared.accepted.mutable_recipe() = recipe;
    prepared.accepted.mutable_memory()->set_peak_bytes(control->memory.peak);
    prepared.work = std::move(work);
    prepared.memory = control->memory;
    prepared.request = std::move(request);
    prepared.summary = "fake";
    return prepared;
  }
  FakeDevice& device() { return *device_; }

 private:
  const std::shared_ptr<FakeDevice> device_ = std::make_shared<FakeDevice>();
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<WorkControl>> controls_ ABSL_GUARDED_BY(mutex_);
};

// A journal in memory that fails and waits on demand, and sees to it that no event comes twice.
class FakeJournal final : public Journal {
 public:
  Counter commits;               // that have begun
  Counter may_commit{kNoLimit};  // the k-th goes on only when k are allowed

  // From now on, for all that writes; OK: no more.
  void Fail(absl::Status status) {
    MutexLock lock(&mutex_);
    failure_ = std::move(status);
  }
  // What a restarted server would find if this one were killed now.
  std::unique_ptr<FakeJournal> Copy() {
    auto copy = std::make_unique<FakeJournal>();
    MutexLock lock(&mutex_);
    Batch batch;
    batch.jobs = *inner_->LoadJobs();
    for (const JobRecord& record : batch.jobs) {
      const std::string& job = record.job.name();
      const auto messages = *inner_->LoadEvents(job);
      for (const std::string& message : messages) {
        v1::JobEvent event;
        EXPECT_TRUE(event.ParseFromString(message));
        batch.events.push_back({.job = job, .sequence = event.sequence(), .message = message});
      }
      for (const JobFile file : {JobFile::kRequest, JobFile::kCheckpoint, JobFile::kResult}) {
        auto stream = inner_->OpenFile(job, file);
        if (!stream.ok()) continue;
        const std::string bytes(std::istreambuf_iterator<char>(**stream), {});
        EXPECT_EQ(copy->WriteFile(job, file, [&](const ByteSink& sink) { return sink(bytes); }),
                  absl::OkStatus());
      }
    }
    EXPECT_EQ(copy->Commit(batch), absl::OkStatus());
    return copy;
  }
  void PutFile(const std::string& job, JobFile file, const std::string& bytes) {
    EXPECT_EQ(inner_->WriteFile(job, file, [&](const ByteSink& sink) { return sink(bytes); }),
              absl::OkStatus());
  }
  bool HasFile(const std::string& job, JobFile file) { return inner_->OpenFile(job, file).ok(); }

  absl::Status Commit(const Batch& batch) override {
    commits.Add();
    may_commit.WaitFor(commits.value());
    MutexLock lock(&mutex_);
    IMPASTO_RETURN_IF_ERROR(failure_);
    for (const JournalEvent& event : batch.events) {
      EXPECT_TRUE(seen_.insert({event.job, event.sequence}).second) << event.job << " " << event.sequence;
    }
    return inner_->Commit(batch);
  }
  absl::StatusOr<std::vector<JobRecord>> LoadJobs() override { return inner_->LoadJobs(); }
  absl::StatusOr<std::vector<std::string>> LoadEvents(const std::string& job) override {
    return inner_->LoadEvents(job);
  }
  absl::Status WriteFile(const std::string& job, JobFile file, const ByteWriter& writer) override {
    MutexLock lock(&mutex_);
    IMPASTO_RETURN_IF_ERROR(failure_);
    return inner_->WriteFile(job, file, writer);
  }
  absl::StatusOr<std::unique_ptr<std::istream>> OpenFile(const std::string& job, JobFile file) override {
    return inner_->OpenFile(job, file);
  }
  absl::Status RemoveFile(const std::string& job, JobFile file) override {
    return inner_->RemoveFile(job, file);
  }
  absl::Status DeleteJob(const std::string& job) override { return inner_->DeleteJob(job); }
  int64_t FileBytes(const std::string& job) override { return inner_->FileBytes(job); }

 private:
  const std::unique_ptr<Journal> inner_ = MakeMemoryJournal();
  Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<std::string, int64_t>> seen_ ABSL_GUARDED_BY(mutex_);
};

// "accepted", "progress 1", "preview p2", "result r3", "changed 2", "PAUSED", "SUCCEEDED": an event in a
// word, pictures without their bits.
inline std::string Describe(const Event& event) {
  const v1::JobEvent& message = event.message;
  switch (message.event_case()) {
    case v1::JobEvent::kAccepted:
      return "accepted";
    case v1::JobEvent::kProgress:
      return absl::StrCat("progress ", message.progress().iteration());
    case v1::JobEvent::kPreview:
      return "preview " + event.picture->data.substr(0, event.picture->data.find(':'));
    case v1::JobEvent::kResult:
      return "result " + event.picture->data.substr(0, event.picture->data.find(':'));
    case v1::JobEvent::kFinished:
      return v1::Finished::State_Name(message.finished().state()).substr(6);
    case v1::JobEvent::kChanged:
      return absl::StrCat("changed ", message.changed().iteration());
    case v1::JobEvent::kStateChanged:
      return v1::Job::State_Name(message.state_changed().state()).substr(6);
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

// Reads a job's events, waiting for each.
class EventReader {
 public:
  explicit EventReader(std::unique_ptr<Watch> watch) : watch_(std::move(watch)) {}

  // Nothing: the end.
  std::optional<Event> Next() {
    for (;;) {
      const std::optional<absl::Status> end = watch_->EndStatus();
      if (std::optional<Event> event = watch_->Next()) {
        EXPECT_GT(event->message.sequence(), sequence_);
        sequence_ = event->message.sequence();
        return event;
      }
      if (end) return std::nullopt;
      Counter woken;
      watch_->Notify([&] { woken.Add(); });
      woken.WaitFor(1);
      watch_->Notify(nullptr);  // `woken` goes; the call must be over
    }
  }
  // All up to the first one that is described so, itself included; all to the end where there is none.
  std::vector<std::string> Until(const std::string& word) {
    std::vector<std::string> words;
    while (words.empty() || words.back() != word) {
      const std::optional<Event> event = Next();
      if (!event) break;
      words.push_back(Describe(*event));
    }
    return words;
  }
  std::vector<Event> Rest() {
    std::vector<Event> events;
    while (std::optional<Event> event = Next()) events.push_back(*std::move(event));
    return events;
  }
  // Reads on to the end.
  absl::Status End() {
    Rest();
    return *watch_->EndStatus();
  }
  // Without waiting.
  std::optional<absl::Status> EndStatus() const { return watch_->EndStatus(); }
  std::optional<Event> Poll() { return watch_->Next(); }

  const std::string& job() const { return watch_->job_name(); }
  int64_t sequence() const { return sequence_; }  // of the latest event that was read
  void Close() { watch_ = nullptr; }

 private:
  std::unique_ptr<Watch> watch_;
  int64_t sequence_ = 0;
};

}  // namespace impasto::jobs
