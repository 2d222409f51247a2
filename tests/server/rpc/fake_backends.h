// Backends that do what the test says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "rpc/backend.h"
#include "tests/server/rpc/fake_job.h"
#include "tests/testing/counter.h"

namespace impasto::rpc {

// Its jobs are jobs/1, jobs/2, ... What the test sets is set before the calls. Outlives the server.
class FakeStylization final : public StylizationBackend {
 public:
  struct Update {
    v1::UpdateJobRequest request;
    std::function<void(absl::StatusOr<v1::Job>)> done;
  };

  absl::StatusOr<std::unique_ptr<jobs::Watch>> Stylize(std::shared_ptr<const v1::StylizeRequest> request,
                                                       const std::string& client) override {
    if (!stylize_status.ok()) return stylize_status;
    bytes_received += request->content().encoded().size();
    FakeJob* job = nullptr;
    {
      MutexLock lock(&mutex_);
      clients_.push_back(client);
      if (keep_requests) requests_.push_back(request);
      jobs_.push_back(std::make_unique<FakeJob>(absl::StrCat("jobs/", jobs_.size() + 1)));
      owners_[jobs_.back()->name()] = client;
      job = jobs_.back().get();
    }
    auto watch = job->Attach(0);
    if (run) run(*job);
    started.Add();
    return watch;
  }
  std::vector<v1::Job> ListJobs() override {
    MutexLock lock(&mutex_);
    std::vector<v1::Job> all;
    for (const auto& job : jobs_) all.push_back(DescribeLocked(job->name(), v1::Job::STATE_RUNNING));
    return all;
  }
  absl::StatusOr<v1::Job> GetJob(const std::string& name) override {
    return Find(name, v1::Job::STATE_RUNNING);
  }
  absl::StatusOr<v1::Job> CancelJob(const std::string& name) override {
    return Find(name, v1::Job::STATE_CANCELLED);
  }
  absl::StatusOr<v1::Job> PauseJob(const std::string& name) override {
    return Find(name, v1::Job::STATE_PAUSED);
  }
  absl::StatusOr<v1::Job> ResumeJob(const std::string& name) override {
    return Find(name, v1::Job::STATE_WAITING);
  }
  void UpdateJob(const v1::UpdateJobRequest& request,
                 std::function<void(absl::StatusOr<v1::Job>)> done) override {
    v1::Job updated;
    {
      MutexLock lock(&mutex_);
      updated = DescribeLocked(request.job().name(), v1::Job::STATE_RUNNING);
    }
    if (update_at_once) return done(updated);
    {
      MutexLock lock(&mutex_);
      updates_.push_back({request, std::move(done)});
    }
    updating.Add();
  }
  absl::StatusOr<std::unique_ptr<jobs::Watch>> WatchJob(const std::string& name,
                                                        int64_t after_event) override {
    opening.Add();
    if (holds_watches) may_open.WaitFor(opening.value());
    if (auto found = Find(name, v1::Job::STATE_RUNNING); !found.ok()) return found.status();
    MutexLock lock(&mutex_);
    return JobLocked(name)->Attach(after_event);
  }
  absl::Status DeleteJob(const std::string& name) override {
    if (auto found = Find(name, v1::Job::STATE_RUNNING); !found.ok()) return found.status();
    return absl::FailedPreconditionError("it runs: cancel it first");
  }
  absl::StatusOr<v1::EstimateJobResponse> EstimateJob(const v1::StylizeRequest& request) override {
    estimating.Add();
    if (holds_estimates) may_estimate.WaitFor(estimating.value());
    v1::EstimateJobResponse response;
    response.mutable_memory()->set_peak_bytes(request.content().encoded().size());
    return response;
  }

  // The k-th job of all, from 1; waits for it.
  FakeJob& job(int k) {
    started.WaitFor(k);
    MutexLock lock(&mutex_);
    return *jobs_[k - 1];
  }
  std::string client(int k) {
    started.WaitFor(k);
    MutexLock lock(&mutex_);
    return clients_[k - 1];
  }
  // The k-th update, from 1; waits for it.
  Update update(int k) {
    updating.WaitFor(k);
    MutexLock lock(&mutex_);
    return updates_[k - 1];
  }
  void ForgetRequests() {
    MutexLock lock(&mutex_);
    requests_.clear();
  }

  // What a new job does at once.
  std::function<void(FakeJob&)> run = [](FakeJob& job) { job.Run(3); };
  absl::Status stylize_status;
  bool keep_requests = false;  // as if they waited for their preparation
  bool holds_watches = false;
  bool holds_estimates = false;
  bool update_at_once = false;

  std::atomic<int64_t> bytes_received{0};
  Counter started;
  Counter updating;
  Counter opening;  // calls of WatchJob
  Counter may_open;
  Counter estimating;
  Counter may_estimate;

 private:
  v1::Job DescribeLocked(const std::string& name, v1::Job::State state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    v1::Job proto;
    proto.set_name(name);
    proto.set_state(state);
    proto.set_client(owners_[name]);
    return proto;
  }
  FakeJob* JobLocked(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const auto& job : jobs_) {
      if (job->name() == name) return job.get();
    }
    return nullptr;
  }
  absl::StatusOr<v1::Job> Find(const std::string& name, v1::Job::State state) {
    MutexLock lock(&mutex_);
    if (JobLocked(name) == nullptr) return jobs::NoSuchJob(name);
    return DescribeLocked(name, state);
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<FakeJob>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> clients_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> owners_ ABSL_GUARDED_BY(mutex_);  // clients, by job
  std::vector<std::shared_ptr<const v1::StylizeRequest>> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<Update> updates_ ABSL_GUARDED_BY(mutex_);
};

// Has one that can be listed, and nothing more.
class NoModels final : public ModelsBackend {
 public:
  std::vector<v1::Model> ListModels() override { return std::vector<v1::Model>(1); }
  absl::StatusOr<v1::Model> GetModel(const std::string&) override { return absl::NotFoundError("none"); }
  absl::StatusOr<v1::Model> LoadModel(const std::string&) override { return absl::NotFoundError("none"); }
  absl::StatusOr<v1::Model> UnloadModel(const std::string&) override { return absl::NotFoundError("none"); }
};

// Knows styles/0 up to styles/COUNT-1.
class FakeStyles final : public StylesBackend {
 public:
  absl::StatusOr<v1::Style> CreateStyle(const v1::CreateStyleRequest& request) override {
    if (request.picture().encoded() == "bad") return absl::InvalidArgumentError("not a picture");
    v1::Style style;
    style.set_name(absl::StrCat("styles/", request.picture().encoded()));
    style.set_display_name(request.display_name());
    return style;
  }
  absl::StatusOr<v1::Style> GetStyle(const std::string& name) override {
    for (const v1::Style& style : ListStyles()) {
      if (style.name() == name) return style;
    }
    return absl::NotFoundError(absl::StrCat("no style \"", name, "\""));
  }
  std::vector<v1::Style> ListStyles() override {
    std::vector<v1::Style> styles(count);
    for (int i = 0; i < count; ++i) styles[i].set_name(absl::StrCat("styles/", i));
    return styles;
  }
  absl::Status DeleteStyle(const std::string& name) override { return GetStyle(name).status(); }

  std::atomic<int> count{3};
};

// Keeps uploads as they came.
class FakeUploads final : public UploadBackend {
 public:
  int64_t max_picture_bytes() const override { return 1000; }
  std::unique_ptr<UploadWriter> StartUpload() override { return std::make_unique<Writer>(this); }

  std::string last;  // what the last finished upload held
  bool last_was_raw = false;
  Counter parts;
  Counter finished;
  Counter dropped;  // writers that are gone unfinished
  Counter may_finish;

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
