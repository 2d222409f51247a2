#include "rpc/stylization_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/calls.h"
#include "rpc/client_id.h"
#include "rpc/event_stream.h"
#include "rpc/field_checks.h"
#include "rpc/job_list.h"
#include "rpc/job_update.h"
#include "rpc/place.h"
#include "rpc/status.h"
#include "rpc/upload_call.h"
#include "rpc/validation.h"

namespace impasto::rpc {
namespace {

// An upload that is refused before it began.
class RefusedUpload final : public grpc::ServerReadReactor<v1::UploadPictureRequest> {
 public:
  explicit RefusedUpload(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

using JobMethod = absl::StatusOr<v1::Job> (StylizationBackend::*)(const std::string&);

// What a call for one job does: checks the name, and asks the backend.
template <typename Request>
absl::Status AskForJob(StylizationBackend* backend, JobMethod method, const Request& request,
                       v1::Job* response) {
  IMPASTO_RETURN_IF_ERROR(CheckResourceName(request.name(), "jobs", "name"));
  IMPASTO_ASSIGN_OR_RETURN(*response, (backend->*method)(request.name()));
  return absl::OkStatus();
}

}  // namespace

absl::Status StylizationService::TooManyStreams() const {
  return absl::ResourceExhaustedError(absl::StrCat("the server takes ", limits_.event_streams,
                                                   " Stylize and WatchJob calls at a time; try again later"));
}

absl::StatusOr<std::unique_ptr<jobs::Watch>> StylizationService::StartJob(
    const grpc::CallbackServerContext& context, v1::StylizeRequest* request) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string client, ClientId(context.client_metadata(), context.peer()));
  IMPASTO_RETURN_IF_ERROR(ValidateStylizeRequest(*request));
  IMPASTO_ASSIGN_OR_RETURN(std::shared_ptr<void> room,
                           waiting_->Take(static_cast<int64_t>(request->ByteSizeLong())));
  // gRPC keeps its message to the end of the call; its pictures are wanted for the first seconds only.
  std::shared_ptr<v1::StylizeRequest> owned(
      new v1::StylizeRequest, [room = std::move(room)](v1::StylizeRequest* done) { delete done; });
  owned->Swap(request);
  return backend_->Stylize(std::move(owned), client);
}

grpc::ServerWriteReactor<v1::JobEvent>* StylizationService::Stylize(grpc::CallbackServerContext* context,
                                                                    const v1::StylizeRequest* request) {
  auto place = std::make_unique<Place>(&event_streams_, limits_.event_streams);
  const bool has_place = place->ok();
  auto* stream = new EventStream(std::move(place));
  // The message is gRPC's for this call alone, and no constant.
  stream->Start(has_place ? StartJob(*context, const_cast<v1::StylizeRequest*>(request)) : TooManyStreams());
  return stream;
}

grpc::ServerWriteReactor<v1::JobEvent>* StylizationService::WatchJob(grpc::CallbackServerContext* context,
                                                                     const v1::WatchJobRequest* request) {
  auto place = std::make_unique<Place>(&event_streams_, limits_.event_streams);
  absl::Status status = place->ok() ? ValidateWatchJobRequest(*request) : TooManyStreams();
  auto* stream = new EventStream(std::move(place));
  if (status.ok()) {
    const bool posted = helper_->TryPost([this, stream, request] {
      // To open a watch for nobody would keep an orphaned job going.
      if (stream->client_left()) return stream->Start(absl::CancelledError("the client has gone"));
      stream->Start(backend_->WatchJob(request->name(), request->after_event()));
    });
    if (posted) return stream;
    status = TooManyWaiting();
  }
  stream->Start(status);
  return stream;
}

grpc::ServerReadReactor<v1::UploadPictureRequest>* StylizationService::UploadPicture(
    grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) {
  auto place = std::make_unique<Place>(&upload_calls_, limits_.upload_calls);
  if (!place->ok()) {
    return new RefusedUpload(absl::ResourceExhaustedError(
        absl::StrCat("the server takes ", limits_.upload_calls, " uploads at a time; try again later")));
  }
  auto* call = new UploadCall(context, uploads_->StartUpload(), helper_, response, std::move(place));
  call->Start();
  return call;
}

grpc::ServerUnaryReactor* StylizationService::EstimateJob(grpc::CallbackServerContext* context,
                                                          const v1::EstimateJobRequest* request,
                                                          v1::EstimateJobResponse* response) {
  if (absl::Status status = ValidateEstimateJobRequest(*request); !status.ok()) {
    return FinishWith(context, status);
  }
  auto room = waiting_->Take(static_cast<int64_t>(request->ByteSizeLong()));
  if (!room.ok()) return FinishWith(context, room.status());
  return FinishOn(decoder_, context, [this, request, response, room = *std::move(room)]() -> absl::Status {
    IMPASTO_ASSIGN_OR_RETURN(*response, backend_->EstimateJob(request->request()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* StylizationService::GetJob(grpc::CallbackServerContext* context,
                                                     const v1::GetJobRequest* request, v1::Job* response) {
  return FinishWith(context, AskForJob(backend_, &StylizationBackend::GetJob, *request, response));
}

grpc::ServerUnaryReactor* StylizationService::ListJobs(grpc::CallbackServerContext* context,
                                                       const v1::ListJobsRequest* request,
                                                       v1::ListJobsResponse* response) {
  return FinishWith(context, ListJobsPage(backend_->ListJobs(), *request, response));
}

grpc::ServerUnaryReactor* StylizationService::UpdateJob(grpc::CallbackServerContext* context,
                                                        const v1::UpdateJobRequest* request,
                                                        v1::Job* response) {
  absl::StatusOr<v1::UpdateJobRequest> update = NormalizeUpdateJobRequest(*request);
  if (!update.ok()) return FinishWith(context, update.status());
  // The reactor and the response live until Finish, whatever the client does.
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  backend_->UpdateJob(*update, [reactor, response](absl::StatusOr<v1::Job> job) {
    // A field that the backend names is one of the job's.
    const absl::Status status = FieldOf(job.status()).empty() ? job.status() : InField("job", job.status());
    if (job.ok()) *response = *std::move(job);
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

grpc::ServerUnaryReactor* StylizationService::CancelJob(grpc::CallbackServerContext* context,
                                                        const v1::CancelJobRequest* request,
                                                        v1::Job* response) {
  return FinishWith(context, AskForJob(backend_, &StylizationBackend::CancelJob, *request, response));
}

grpc::ServerUnaryReactor* StylizationService::PauseJob(grpc::CallbackServerContext* context,
                                                       const v1::PauseJobRequest* request,
                                                       v1::Job* response) {
  return FinishWith(context, AskForJob(backend_, &StylizationBackend::PauseJob, *request, response));
}

grpc::ServerUnaryReactor* StylizationService::ResumeJob(grpc::CallbackServerContext* context,
                                                        const v1::ResumeJobRequest* request,
                                                        v1::Job* response) {
  return FinishWith(context, AskForJob(backend_, &StylizationBackend::ResumeJob, *request, response));
}

grpc::ServerUnaryReactor* StylizationService::DeleteJob(grpc::CallbackServerContext* context,
                                                        const v1::DeleteJobRequest* request,
                                                        google::protobuf::Empty* response) {
  return FinishOn(helper_, context, [this, request]() -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(CheckResourceName(request->name(), "jobs", "name"));
    return backend_->DeleteJob(request->name());
  });
}

}  // namespace impasto::rpc
