// A job whose events the test adds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "jobs/job.h"
#include "tests/testing/counter.h"

namespace impasto::rpc {

// Thread-safe. Outlives its watches. Wakes them on a thread of its own.
class FakeJob {
 public:
  explicit FakeJob(std::string name) : name_(std::move(name)), thread_([this] { WakeWatches(); }) {}
  ~FakeJob() {
    {
      MutexLock lock(&mutex_);
      stopped_ = true;
      changed_.NotifyAll();
    }
    thread_.join();
  }

  const std::string& name() const { return name_; }

  void Accept() {
    v1::JobEvent event;
    event.mutable_accepted()->set_job(name_);
    Add(std::move(event));
  }
  // The losses of evaluations `first` to `last` are 100 - k.
  void Progress(int first, int last) {
    for (int k = first; k <= last; ++k) {
      v1::JobEvent event;
      event.mutable_progress()->set_iteration(k);
      event.mutable_progress()->set_total_loss(100 - k);
      Add(std::move(event));
    }
  }
  void Preview(int iteration, size_t bytes) {
    v1::JobEvent event;
    event.mutable_preview()->set_iteration(iteration);
    Add(std::move(event), Picture(absl::StrCat("p", iteration), bytes));
  }
  void Result(int iteration, size_t bytes) {
    v1::JobEvent event;
    event.mutable_result()->set_iteration(iteration);
    Add(std::move(event), Picture(absl::StrCat("r", iteration), bytes));
  }
  // The last event, and the end.
  void Finish(v1::Finished::State state, absl::Status status = absl::OkStatus()) {
    v1::JobEvent event;
    event.mutable_finished()->set_state(state);
    if (!status.ok() && state == v1::Finished::STATE_FAILED) {
      event.mutable_finished()->mutable_error()->set_code(static_cast<int>(status.code()));
    }
    MutexLock lock(&mutex_);
    AddLocked(std::move(event), nullptr);
    end_ = std::move(status);
  }
  // The end, with no event.
  void End(absl::Status status) {
    MutexLock lock(&mutex_);
    end_ = std::move(status);
    changed_.NotifyAll();
  }
  // A whole job: accepted, iterations + 1 losses, result, finished.
  void Run(int iterations, size_t bytes = 10) {
    Accept();
    Progress(1, iterations + 1);
    Result(iterations, bytes);
    Finish(v1::Finished::STATE_SUCCEEDED);
  }

  std::unique_ptr<jobs::Watch> Attach(int64_t after) {
    auto watch = std::make_unique<Watch>(this, after);
    {
      MutexLock lock(&mutex_);
      watches_.push_back(watch.get());
    }
    attached.Add();
    return watch;
  }

  Counter attached;  // watches, ever
  Counter left;      // watches that are gone
  Counter taken;     // events that watches took
  Counter waiting;   // calls of Notify

 private:
  class Watch final : public jobs::Watch {
   public:
    Watch(FakeJob* job, int64_t after) : job_(job), after_(after) {}
    ~Watch() override {
      Notify(nullptr);
      {
        MutexLock lock(&job_->mutex_);
        std::erase(job_->watches_, this);
      }
      job_->left.Add();
    }
    const std::string& job_name() const override { return job_->name_; }
    std::optional<jobs::Event> Next() override {
      MutexLock lock(&job_->mutex_);
      const jobs::Event* next = job_->NextAfterLocked(after_);
      if (next == nullptr) return std::nullopt;
      after_ = next->message.sequence();
      job_->taken.Add();
      return *next;
    }
    std::optional<absl::Status> EndStatus() const override {
      MutexLock lock(&job_->mutex_);
      return job_->end_;
    }
    void Notify(std::function<void()> wake) override {
      MutexLock lock(&job_->mutex_);
      wake_ = std::move(wake);
      job_->changed_.NotifyAll();
      if (wake_) {
        job_->waiting.Add();
        return;
      }
      if (std::this_thread::get_id() == job_->thread_.get_id()) return;
      while (job_->waking_ == this) job_->changed_.Wait(&job_->mutex_);
    }

   private:
    friend class FakeJob;
    FakeJob* const job_;
    int64_t after_;               // guarded by the job's mutex, as is the next
    std::function<void()> wake_;  // what waits
  };

  static std::shared_ptr<const jobs::EncodedPicture> Picture(std::string data, size_t bytes) {
    auto picture = std::make_shared<jobs::EncodedPicture>();
    data.resize(std::max(data.size(), bytes), 'a');
    picture->data = std::move(data);
    return picture;
  }

  void Add(v1::JobEvent event, std::shared_ptr<const jobs::EncodedPicture> picture = nullptr) {
    MutexLock lock(&mutex_);
    AddLocked(std::move(event), std::move(picture));
  }
  void AddLocked(v1::JobEvent event, std::shared_ptr<const jobs::EncodedPicture> picture)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    event.set_sequence(++last_sequence_);
    if (event.has_preview()) {
      std::erase_if(events_, [](const jobs::Event& old) { return old.message.has_preview(); });
    }
    events_.push_back({std::move(event), std::move(picture)});
    changed_.NotifyAll();
  }

  const jobs::Event* NextAfterLocked(int64_t after) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto next = std::upper_bound(
        events_.begin(), events_.end(), after,
        [](int64_t sequence, const jobs::Event& event) { return sequence < event.message.sequence(); });
    return next == events_.end() ? nullptr : &*next;
  }

  Watch* NextToWakeLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (Watch* watch : watches_) {
      if (watch->wake_ && (end_ || last_sequence_ > watch->after_)) return watch;
    }
    return nullptr;
  }

  void WakeWatches() {
    MutexLock lock(&mutex_);
    while (!stopped_) {
      Watch* const next = NextToWakeLocked();
      if (next == nullptr) {
        changed_.Wait(&mutex_);
        continue;
      }
      waking_ = next;
      const std::function<void()> wake = std::exchange(next->wake_, nullptr);
      mutex_.Unlock();
      wake();
      mutex_.Lock();
      waking_ = nullptr;
      changed_.NotifyAll();
    }
  }

  const std::string name_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<jobs::Event> events_ ABSL_GUARDED_BY(mutex_);  // by sequence
  int64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::vector<Watch*> watches_ ABSL_GUARDED_BY(mutex_);
  const Watch* waking_ ABSL_GUARDED_BY(mutex_) = nullptr;  // whose wake is under way
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace impasto::rpc
