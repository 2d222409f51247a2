#include "rpc/stylization_service.h"

#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/calls.h"
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

// OK where the caller may know of the job; otherwise as if it weren't there.
absl::Status CheckMayKnow(StylizationBackend* backend, const Caller& caller, const std::string& name) {
  if (!caller.own_jobs_only) return absl::OkStatus();
  IMPASTO_ASSIGN_OR_RETURN(const v1::Job job, backend->GetJob(name));
  return job.client() == caller.client ? absl::OkStatus() : jobs::NoSuchJob(name);
}

using JobMethod = absl::StatusOr<v1::Job> (StylizationBackend::*)(const std::string&);

// What a call for one job does: checks the name and whose it is, and asks the backend.
template <typename Request>
std::function<absl::Status(const Caller&)> ForJob(StylizationBackend* backend, JobMethod method,
                                                  const Request* request, v1::Job* response) {
  return [=](const Caller& caller) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(CheckResourceName(request->name(), "jobs", "name"));
    IMPASTO_RETURN_IF_ERROR(CheckMayKnow(backend, caller, request->name()));
    IMPASTO_ASSIGN_OR_RETURN(*response, (backend->*method)(request->name()));
    return absl::OkStatus();
  };
}

}  // namespace

absl::Status StylizationService::TooManyStreams() const {
  return absl::ResourceExhaustedError(absl::StrCat("the server takes ", limits_.event_streams,
                                                   " Stylize and WatchJob calls at a time; try again later"));
}

absl::StatusOr<std::unique_ptr<jobs::Watch>> StylizationService::StartJob(
    const grpc::CallbackServerContext& context, v1::StylizeRequest* request) {
  IMPASTO_ASSIGN_OR_RETURN(const Caller caller, callers_->Identify(context));
  IMPASTO_RETURN_IF_ERROR(ValidateStylizeRequest(*request));
  IMPASTO_ASSIGN_OR_RETURN(std::shared_ptr<void> room,
                           waiting_->Take(static_cast<int64_t>(request->ByteSizeLong())));
  // gRPC keeps its message to the end of the call; its pictures are wanted for the first seconds only.
  std::shared_ptr<v1::StylizeRequest> owned(
      new v1::StylizeRequest, [room = std::move(room)](v1::StylizeRequest* done) { delete done; });
  owned->Swap(request);
  return backend_->Stylize(std::move(owned), caller.client);
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
  const absl::StatusOr<Caller> caller = callers_->Identify(*context);
  absl::Status status = !caller.ok()  ? caller.status()
                        : place->ok() ? ValidateWatchJobRequest(*request)
                                      : TooManyStreams();
  auto* stream = new EventStream(std::move(place));
  if (status.ok()) {
    const bool posted = helper_->TryPost([this, stream, request, caller = *caller] {
      // To open a watch for nobody would keep an orphaned job going.
      if (stream->client_left()) return stream->Start(absl::CancelledError("the client has gone"));
      const absl::Status known = CheckMayKnow(backend_, caller, request->name());
      stream->Start(known.ok() ? backend_->WatchJob(request->name(), request->after_event()) : known);
    });
    if (posted) return stream;
    status = TooManyWaiting();
  }
  stream->Start(status);
  return stream;
}

grpc::ServerReadReactor<v1::UploadPictureRequest>* StylizationService::UploadPicture(
    grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) {
  const absl::StatusOr<Caller> caller = callers_->Identify(*context);
  if (!caller.ok()) return new RefusedUpload(caller.status());
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
  if (const absl::StatusOr<Caller> caller = callers_->Identify(*context); !caller.ok()) {
    return FinishWith(context, caller.status());
  }
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
  return Answer(*callers_, context, ForJob(backend_, &StylizationBackend::GetJob, request, response));
}

grpc::ServerUnaryReactor* StylizationService::ListJobs(grpc::CallbackServerContext* context,
                                                       const v1::ListJobsRequest* request,
                                                       v1::ListJobsResponse* response) {
  return Answer(*callers_, context, [&](const Caller& caller) {
    std::vector<v1::Job> jobs = backend_->ListJobs();
    if (caller.own_jobs_only) {
      std::erase_if(jobs, [&](const v1::Job& job) { return job.client() != caller.client; });
    }
    return ListJobsPage(std::move(jobs), *request, response);
  });
}

grpc::ServerUnaryReactor* StylizationService::UpdateJob(grpc::CallbackServerContext* context,
                                                        const v1::UpdateJobRequest* request,
                                                        v1::Job* response) {
  const absl::StatusOr<Caller> caller = callers_->Identify(*context);
  if (!caller.ok()) return FinishWith(context, caller.status());
  absl::StatusOr<v1::UpdateJobRequest> update = NormalizeUpdateJobRequest(*request);
  if (!update.ok()) return FinishWith(context, update.status());
  if (absl::Status status = CheckMayKnow(backend_, *caller, update->job().name()); !status.ok()) {
    return FinishWith(context, status);
  }
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
  return Answer(*callers_, context, ForJob(backend_, &StylizationBackend::CancelJob, request, response));
}

grpc::ServerUnaryReactor* StylizationService::PauseJob(grpc::CallbackServerContext* context,
                                                       const v1::PauseJobRequest* request,
                                                       v1::Job* response) {
  return Answer(*callers_, context, ForJob(backend_, &StylizationBackend::PauseJob, request, response));
}

grpc::ServerUnaryReactor* StylizationService::ResumeJob(grpc::CallbackServerContext* context,
                                                        const v1::ResumeJobRequest* request,
                                                        v1::Job* response) {
  return Answer(*callers_, context, ForJob(backend_, &StylizationBackend::ResumeJob, request, response));
}

grpc::ServerUnaryReactor* StylizationService::DeleteJob(grpc::CallbackServerContext* context,
                                                        const v1::DeleteJobRequest* request,
                                                        google::protobuf::Empty* response) {
  return AnswerOn(helper_, *callers_, context, [this, request](const Caller& caller) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(CheckResourceName(request->name(), "jobs", "name"));
    IMPASTO_RETURN_IF_ERROR(CheckMayKnow(backend_, caller, request->name()));
    return backend_->DeleteJob(request->name());
  });
}

}  // namespace impasto::rpc
