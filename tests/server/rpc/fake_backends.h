// Backends whose jobs are fakes on a real scheduler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "jobs/scheduler.h"
#include "rpc/backend.h"
#include "tests/server/jobs/fakes.h"

namespace impasto::rpc {

// A job that tells when it is cancelled.
class WatchedJob final : public jobs::Job {
 public:
  WatchedJob(std::shared_ptr<jobs::Job> job, jobs::Counter* cancels)
      : job_(std::move(job)), cancels_(cancels) {}
  const std::string& name() const override { return job_->name(); }
  std::optional<jobs::Event> NextEvent(int64_t after) const override { return job_->NextEvent(after); }
  std::optional<absl::Status> EndStatus() const override { return job_->EndStatus(); }
  void NotifyAfter(int64_t after, std::function<void()> wake) override {
    job_->NotifyAfter(after, std::move(wake));
  }
  void Cancel() override {
    job_->Cancel();
    cancels_->Add();
  }

 private:
  const std::shared_ptr<jobs::Job> job_;
  jobs::Counter* const cancels_;
};

// Runs what the test has put under the request's content.upload ("uploads/NAME").
class FakeStylization final : public StylizationBackend {
 public:
  explicit FakeStylization(int max_jobs = 64) {
    jobs::SchedulerOptions options;
    options.clock = &clock;
    options.max_jobs = max_jobs;
    options.log = [this](const std::string&) { ended.Add(); };
    scheduler = *jobs::Scheduler::Create(std::move(options));
  }

  absl::StatusOr<std::shared_ptr<jobs::Job>> Stylize(
      std::shared_ptr<const v1::StylizeRequest> request) override {
    auto submitted = scheduler->Submit([this, request]() -> absl::StatusOr<jobs::PreparedJob> {
      preparing.Add();
      may_prepare.WaitFor(preparing.value());
      bytes_received += request->content().encoded().size();
      if (!prepare_status.ok()) return prepare_status;
      jobs::PreviewSchedule previews;
      previews.every_iterations = request->preview().every_iterations();
      const auto control = controls.find(request->content().upload());
      return jobs::PrepareFake(control != controls.end() ? control->second : default_control, previews)();
    });
    if (!submitted.ok()) return submitted.status();
    MutexLock lock(&mutex_);
    jobs_.push_back(*submitted);
    submitted_.Add();
    return std::make_shared<WatchedJob>(*std::move(submitted), &cancels);
  }

  // The k-th job of all, from 1; waits for it. Its watcher is the call that started it.
  std::shared_ptr<jobs::Job> job(int k) {
    submitted_.WaitFor(k);
    MutexLock lock(&mutex_);
    return jobs_[k - 1];
  }

  jobs::FakeClock clock;
  std::map<std::string, std::shared_ptr<jobs::WorkControl>> controls;
  std::shared_ptr<jobs::WorkControl> default_control = [] {
    auto control = std::make_shared<jobs::WorkControl>();
    control->Free();
    return control;
  }();
  absl::Status prepare_status;
  jobs::Counter preparing;
  jobs::Counter may_prepare;
  std::atomic<int64_t> bytes_received{0};
  jobs::Counter cancels;
  jobs::Counter ended;  // jobs

 private:
  Mutex mutex_;
  std::vector<std::shared_ptr<jobs::Job>> jobs_ ABSL_GUARDED_BY(mutex_);
  jobs::Counter submitted_;

 public:
  std::unique_ptr<jobs::Scheduler> scheduler;  // the last: its jobs use the rest
};

// Keeps uploads as they came.
class FakeUploads final : public UploadBackend {
 public:
  std::unique_ptr<UploadWriter> StartUpload() override { return std::make_unique<Writer>(this); }

  std::string last;  // what the last finished upload held
  bool last_was_raw = false;
  jobs::Counter parts;
  jobs::Counter finished;
  jobs::Counter dropped;  // writers that are gone unfinished
  jobs::Counter may_finish;

 private:
  class Writer final : public UploadWriter {
   public:
    explicit Writer(FakeUploads* uploads) : uploads_(uploads) {}
    ~Writer() override {
      if (!finished_) uploads_->dropped.Add();
    }
    absl::Status Append(const v1::UploadPictureRequest& part) override {
      if (part.data() == "bad") return absl::InvalidArgumentError("bad data");
      raw_ = raw_ || part.has_raw();
      data_ += part.data();
      uploads_->parts.Add();
      return absl::OkStatus();
    }
    absl::StatusOr<v1::UploadPictureResponse> Finish() override {
      uploads_->may_finish.WaitFor(1);
      if (data_.empty()) return absl::InvalidArgumentError("data: is empty");
      finished_ = true;
      uploads_->last = data_;
      uploads_->last_was_raw = raw_;
      uploads_->finished.Add();
      v1::UploadPictureResponse response;
      response.set_name(absl::StrCat("uploads/", data_.size()));
      return response;
    }

   private:
    FakeUploads* const uploads_;
    std::string data_;
    bool raw_ = false;
    bool finished_ = false;
  };
};

}  // namespace impasto::rpc
