// Connection over gRPC.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "client_core.h"
#include "impasto/connection.h"
#include "retry.h"

namespace impasto {

// Unary calls have a deadline unless they carry pictures or load models, and are made again while there is no
// server. That does no harm, whatever became of the first attempt:
// - Get, List and Estimate change nothing.
// - Cancel, Pause, Resume, Update, Load and Unload say how a thing is to be, not what is to happen to it.
// - Delete: what is gone at the second attempt, the first one deleted.
// - CreateStyle names a style by its contents: the second attempt finds it there.
// - An upload begins anew; the server forgets the half of one, and an upload that nobody uses after an hour.
class GrpcConnection final : public Connection {
 public:
  // `time` outlives the connection.
  GrpcConnection(std::shared_ptr<const ClientCore> core, RetryTime* time)
      : core_(std::move(core)), time_(time) {}

  const ClientOptions& options() const override { return core_->options(); }
  const v1::ServerInfo& server_info() const override { return core_->server_info(); }

  std::unique_ptr<StylizeCall> Stylize(v1::StylizeRequest request) override;
  std::unique_ptr<StylizeCall> WatchJob(const v1::WatchJobRequest& request) override;

  absl::StatusOr<v1::EstimateJobResponse> EstimateJob(v1::EstimateJobRequest request) override;
  absl::StatusOr<v1::UploadPictureResponse> UploadPicture(const v1::Picture& picture) override;
  absl::StatusOr<v1::Job> GetJob(const v1::GetJobRequest& request) override;
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) override;
  absl::StatusOr<v1::Job> UpdateJob(const v1::UpdateJobRequest& request) override;
  absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request) override;
  absl::StatusOr<v1::Job> PauseJob(const v1::PauseJobRequest& request) override;
  absl::StatusOr<v1::Job> ResumeJob(const v1::ResumeJobRequest& request) override;
  absl::Status DeleteJob(const v1::DeleteJobRequest& request) override;

  absl::StatusOr<v1::Style> CreateStyle(v1::CreateStyleRequest request) override;
  absl::StatusOr<v1::Style> GetStyle(const v1::GetStyleRequest& request) override;
  absl::StatusOr<v1::ListStylesResponse> ListStyles(const v1::ListStylesRequest& request) override;
  absl::Status DeleteStyle(const v1::DeleteStyleRequest& request) override;

  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request) override;
  absl::StatusOr<v1::Model> GetModel(const v1::GetModelRequest& request) override;
  absl::StatusOr<v1::Model> LoadModel(const v1::LoadModelRequest& request) override;
  absl::StatusOr<v1::Model> UnloadModel(const v1::UnloadModelRequest& request) override;

 private:
  enum class Deadline { kShort, kNone };

  template <class Stub, class Request, class Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // One attempt.
  template <class Stub, class Request, class Response>
  absl::Status Try(Deadline deadline, Stub& stub, Method<Stub, Request, Response> method,
                   const Request& request, Response* response) const;
  // With repetitions.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Deadline deadline, Stub& stub, Method<Stub, Request, Response> method,
                                const Request& request) const;
  template <class Stub, class Request, class Response>
  absl::Status Delete(Stub& stub, Method<Stub, Request, Response> method, const Request& request) const;
  absl::Status Retry(const std::function<absl::Status(int attempt)>& call) const;

  const std::shared_ptr<const ClientCore> core_;
  RetryTime* const time_;
};

}  // namespace impasto
