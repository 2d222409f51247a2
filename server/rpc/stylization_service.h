// impasto.v1.Stylization.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "impasto/v1/stylization.grpc.pb.h"
#include "rpc/backend.h"
#include "rpc/callers.h"
#include "rpc/request_budget.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Thread-safe. Never blocks gRPC's threads: what takes longer than a lock runs on workers.
class StylizationService final : public v1::Stylization::CallbackService {
 public:
  struct Limits {
    // Stylize and WatchJob, together.
    int event_streams = 1024;
    int upload_calls = 64;
  };

  // `helper` is for what takes milliseconds (it may read a disk), `decoder` for what takes longer. `waiting`
  // is of the requests whose jobs aren't prepared or estimated yet. All outlive the service.
  StylizationService(const Callers* callers, StylizationBackend* backend, UploadBackend* uploads,
                     Worker* helper, Worker* decoder, RequestBudget* waiting, Limits limits)
      : callers_(callers),
        backend_(backend),
        uploads_(uploads),
        helper_(helper),
        decoder_(decoder),
        waiting_(waiting),
        limits_(limits) {}

  grpc::ServerWriteReactor<v1::JobEvent>* Stylize(grpc::CallbackServerContext* context,
                                                  const v1::StylizeRequest* request) override;
  grpc::ServerWriteReactor<v1::JobEvent>* WatchJob(grpc::CallbackServerContext* context,
                                                   const v1::WatchJobRequest* request) override;
  grpc::ServerReadReactor<v1::UploadPictureRequest>* UploadPicture(
      grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) override;

  grpc::ServerUnaryReactor* EstimateJob(grpc::CallbackServerContext* context,
                                        const v1::EstimateJobRequest* request,
                                        v1::EstimateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
                                   v1::Job* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
                                     v1::Job* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      google::protobuf::Empty* response) override;

 private:
  absl::StatusOr<std::unique_ptr<jobs::Watch>> StartJob(const grpc::CallbackServerContext& context,
                                                        v1::StylizeRequest* request);
  absl::Status TooManyStreams() const;

  const Callers* const callers_;
  StylizationBackend* const backend_;
  UploadBackend* const uploads_;
  Worker* const helper_;
  Worker* const decoder_;
  RequestBudget* const waiting_;
  const Limits limits_;
  std::atomic<int> event_streams_{0};
  std::atomic<int> upload_calls_{0};
};

}  // namespace impasto::rpc
