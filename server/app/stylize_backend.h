// The API's jobs, by the scheduler and the factory of its works.
#pragma once

#include "app/stylize_factory.h"
#include "jobs/scheduler.h"
#include "rpc/backend.h"

namespace impasto::app {

// Thread-safe.
class StylizeBackend final : public rpc::StylizationBackend {
 public:
  // Both outlive the backend.
  StylizeBackend(jobs::Scheduler* scheduler, StylizeFactory* factory)
      : scheduler_(scheduler), factory_(factory) {}

  absl::StatusOr<std::unique_ptr<jobs::Watch>> Stylize(std::shared_ptr<const v1::StylizeRequest> request,
                                                       const std::string& client) override {
    return scheduler_->Submit(std::move(request), client);
  }
  std::vector<v1::Job> ListJobs() override { return scheduler_->List(); }
  absl::StatusOr<v1::Job> GetJob(const std::string& name) override { return scheduler_->Get(name); }
  absl::StatusOr<v1::Job> CancelJob(const std::string& name) override { return scheduler_->Cancel(name); }
  absl::StatusOr<v1::Job> PauseJob(const std::string& name) override { return scheduler_->Pause(name); }
  absl::StatusOr<v1::Job> ResumeJob(const std::string& name) override { return scheduler_->Resume(name); }
  void UpdateJob(const v1::UpdateJobRequest& request,
                 std::function<void(absl::StatusOr<v1::Job>)> done) override {
    scheduler_->Update(request, std::move(done));
  }
  absl::StatusOr<std::unique_ptr<jobs::Watch>> WatchJob(const std::string& name,
                                                        int64_t after_event) override {
    return scheduler_->Attach(name, after_event);
  }
  absl::Status DeleteJob(const std::string& name) override { return scheduler_->Delete(name); }
  absl::StatusOr<v1::EstimateJobResponse> EstimateJob(const v1::StylizeRequest& request) override {
    return factory_->Estimate(request);
  }

 private:
  jobs::Scheduler* const scheduler_;
  StylizeFactory* const factory_;
};

}  // namespace impasto::app
