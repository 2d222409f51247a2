#include "grpc_connection.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "connect_error.h"
#include "grpc_stylize_call.h"
#include "impasto/internal/status_macros.h"
#include "upload.h"

namespace impasto {
namespace {

using JobService = v1::Stylization::StubInterface;
using ModelService = v1::Models::StubInterface;
using StyleService = v1::Styles::StubInterface;

std::string_view MinorVersion(std::string_view version) { return version.substr(0, version.rfind('.')); }

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(ClientOptions options, std::string_view headers) {
  // First of all: of other headers, the options may lie in memory in another way.
  if (MinorVersion(headers) != MinorVersion(ClientVersion())) {
    return absl::FailedPreconditionError(
        absl::StrCat("this program was compiled with the headers of Impasto ", std::string(headers),
                     ", and linked with the library of ", std::string(ClientVersion()),
                     ": build it again with both of one installation"));
  }
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::shared_ptr<const ClientCore> core,
                                  ClientCore::Connect(std::move(options)));
  return std::make_shared<GrpcConnection>(std::move(core), RetryTime::Real());
}

template <class Stub, class Request, class Response>
absl::Status GrpcConnection::Try(Deadline deadline, Stub& stub, Method<Stub, Request, Response> method,
                                 const Request& request, Response* response) const {
  grpc::ClientContext context;
  core_->Prepare(&context);
  if (deadline == Deadline::kShort) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + options().timeout));
  }
  response->Clear();
  absl::Status status = CallStatus(options(), (stub.*method)(&context, request, response));
  if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError(absl::StrCat("no answer from ", options().address, " within ",
                                                    absl::FormatDuration(options().timeout)));
  }
  return status;
}

absl::Status GrpcConnection::Retry(const std::function<absl::Status(int attempt)>& call) const {
  return RetryUnavailable(options().retry_timeout, time_, call);
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> GrpcConnection::Call(Deadline deadline, Stub& stub,
                                              Method<Stub, Request, Response> method,
                                              const Request& request) const {
  Response response;
  IMPASTO_CLIENT_RETURN_IF_ERROR(
      Retry([&](int /*attempt*/) { return Try(deadline, stub, method, request, &response); }));
  return response;
}

template <class Stub, class Request, class Response>
absl::Status GrpcConnection::Delete(Stub& stub, Method<Stub, Request, Response> method,
                                    const Request& request) const {
  Response response;
  return Retry([&](int attempt) {
    absl::Status status = Try(Deadline::kShort, stub, method, request, &response);
    return attempt > 0 && absl::IsNotFound(status) ? absl::OkStatus() : status;
  });
}

std::unique_ptr<StylizeCall> GrpcConnection::Stylize(v1::StylizeRequest request) {
  return std::make_unique<GrpcStylizeCall>(core_, std::move(request));
}

std::unique_ptr<StylizeCall> GrpcConnection::WatchJob(const v1::WatchJobRequest& request) {
  return std::make_unique<GrpcStylizeCall>(core_, request);
}

absl::StatusOr<v1::EstimateJobResponse> GrpcConnection::EstimateJob(v1::EstimateJobRequest request) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(Retry([&](int /*attempt*/) {
    return UploadLargePictures(*core_, request.mutable_request(), /*canceller=*/nullptr);
  }));
  return Call(Deadline::kNone, core_->stylization(), &JobService::EstimateJob, request);
}

absl::StatusOr<v1::UploadPictureResponse> GrpcConnection::UploadPicture(const v1::Picture& picture) {
  absl::StatusOr<v1::UploadPictureResponse> response = absl::UnknownError("not tried");
  Retry([&](int /*attempt*/) {
    response = Upload(*core_, picture, /*canceller=*/nullptr);
    return response.status();
  }).IgnoreError();
  return response;
}

absl::StatusOr<v1::Job> GrpcConnection::GetJob(const v1::GetJobRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::GetJob, request);
}

absl::StatusOr<v1::ListJobsResponse> GrpcConnection::ListJobs(const v1::ListJobsRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::ListJobs, request);
}

absl::StatusOr<v1::Job> GrpcConnection::UpdateJob(const v1::UpdateJobRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::UpdateJob, request);
}

absl::StatusOr<v1::Job> GrpcConnection::CancelJob(const v1::CancelJobRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::CancelJob, request);
}

absl::StatusOr<v1::Job> GrpcConnection::PauseJob(const v1::PauseJobRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::PauseJob, request);
}

absl::StatusOr<v1::Job> GrpcConnection::ResumeJob(const v1::ResumeJobRequest& request) {
  return Call(Deadline::kShort, core_->stylization(), &JobService::ResumeJob, request);
}

absl::Status GrpcConnection::DeleteJob(const v1::DeleteJobRequest& request) {
  return Delete(core_->stylization(), &JobService::DeleteJob, request);
}

absl::StatusOr<v1::Style> GrpcConnection::CreateStyle(v1::CreateStyleRequest request) {
  IMPASTO_CLIENT_RETURN_IF_ERROR(
      Retry([&](int /*attempt*/) { return UploadIfLarge(*core_, request.mutable_picture()); }));
  return Call(Deadline::kNone, core_->styles(), &StyleService::CreateStyle, request);
}

absl::StatusOr<v1::Style> GrpcConnection::GetStyle(const v1::GetStyleRequest& request) {
  return Call(Deadline::kShort, core_->styles(), &StyleService::GetStyle, request);
}

absl::StatusOr<v1::ListStylesResponse> GrpcConnection::ListStyles(const v1::ListStylesRequest& request) {
  return Call(Deadline::kShort, core_->styles(), &StyleService::ListStyles, request);
}

absl::Status GrpcConnection::DeleteStyle(const v1::DeleteStyleRequest& request) {
  return Delete(core_->styles(), &StyleService::DeleteStyle, request);
}

absl::StatusOr<v1::ListModelsResponse> GrpcConnection::ListModels(const v1::ListModelsRequest& request) {
  return Call(Deadline::kShort, core_->models(), &ModelService::ListModels, request);
}

absl::StatusOr<v1::Model> GrpcConnection::GetModel(const v1::GetModelRequest& request) {
  return Call(Deadline::kShort, core_->models(), &ModelService::GetModel, request);
}

absl::StatusOr<v1::Model> GrpcConnection::LoadModel(const v1::LoadModelRequest& request) {
  return Call(Deadline::kNone, core_->models(), &ModelService::LoadModel, request);
}

absl::StatusOr<v1::Model> GrpcConnection::UnloadModel(const v1::UnloadModelRequest& request) {
  return Call(Deadline::kNone, core_->models(), &ModelService::UnloadModel, request);
}

}  // namespace impasto
