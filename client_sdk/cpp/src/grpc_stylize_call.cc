#include "grpc_stylize_call.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"
#include "request_id.h"
#include "status_conversion.h"
#include "upload.h"

namespace impasto {
namespace {

// A request without an id could not be sent again, nor be found.
v1::StylizeRequest WithId(v1::StylizeRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(RandomRequestId());
  }
  return request;
}

}  // namespace

GrpcStylizeCall::GrpcStylizeCall(std::shared_ptr<const ClientCore> core, v1::StylizeRequest request)
    : core_(std::move(core)),
      after_event_(0),
      request_(WithId(std::move(request))),
      translator_(core_->options().max_received_picture_bytes, 0),
      backoff_(core_->options().reattach_timeout),
      last_event_(0),
      server_knows_detached_(request_.detached()) {
  cancellation_ = std::make_shared<JobCancellation>(core_, "", request_.request_id());
}

GrpcStylizeCall::GrpcStylizeCall(std::shared_ptr<const ClientCore> core, const v1::WatchJobRequest& request)
    : core_(std::move(core)),
      after_event_(request.after_event()),
      translator_(core_->options().max_received_picture_bytes, request.after_event()),
      backoff_(core_->options().reattach_timeout),
      last_event_(request.after_event()),
      server_knows_detached_(false) {
  cancellation_ = std::make_shared<JobCancellation>(core_, request.name(), "");
}

GrpcStylizeCall::~GrpcStylizeCall() {
  if (reader_ != nullptr) {
    cancellation_->streams()->Cancel();
    CloseStream().IgnoreError();
  }
}

std::optional<StylizeEvent> GrpcStylizeCall::Next() {
  while (!outcome_.has_value()) {
    if (reader_ == nullptr) {
      if (const absl::Status opened = Open(); !opened.ok()) {
        if (std::optional<StylizeEvent> event = Ended(opened); event.has_value()) {
          return event;
        }
        continue;
      }
    }
    v1::JobEvent event;
    if (!reader_->Read(&event)) {
      if (std::optional<StylizeEvent> lost = Ended(CloseStream()); lost.has_value()) {
        return lost;
      }
      continue;
    }
    const int64_t before = translator_.last_event();
    absl::StatusOr<std::optional<StylizeEvent>> translated = translator_.Add(std::move(event));
    if (!translated.ok()) {
      cancellation_->streams()->Cancel();
      CloseStream().IgnoreError();
      outcome_ = std::move(translated).status();
      return std::nullopt;
    }
    last_event_ = translator_.last_event();
    if (translated->has_value() || translator_.last_event() > before) {
      broken_.reset();
      backoff_.Reset();
    }
    if (translated->has_value()) {
      if (const auto* accepted = std::get_if<v1::Accepted>(&**translated)) {
        cancellation_->SetJob(accepted->job());
        request_.Clear();  // it can be 60 MiB, and won't be sent again
      }
      return *std::move(translated);
    }
  }
  return std::nullopt;
}

absl::Status GrpcStylizeCall::Finish() {
  while (Next().has_value()) {
  }
  return *outcome_;
}

bool GrpcStylizeCall::Cancel(absl::Duration wait) {
  cancellation_->Request();
  return cancellation_->WaitUntilTold(wait);
}

absl::Status GrpcStylizeCall::Detach() {
  const std::string job = cancellation_->job();
  if (job.empty()) {
    return absl::FailedPreconditionError("the job isn't accepted yet");
  }
  if (!server_knows_detached_) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(job);
    request.mutable_job()->set_detached(true);
    request.mutable_update_mask()->add_paths("detached");
    grpc::ClientContext context;
    core_->PrepareShort(&context);
    v1::Job answer;
    const absl::Status status = FromGrpcStatus(core_->stylization().UpdateJob(&context, request, &answer));
    // One that has ended can't be changed, and needs nobody any more.
    if (!status.ok() && !absl::IsFailedPrecondition(status)) {
      return status;
    }
    server_knows_detached_ = true;
  }
  detached_ = true;
  cancellation_->streams()->Cancel();
  return absl::OkStatus();
}

absl::Status GrpcStylizeCall::Open() {
  if (broken_.has_value()) {
    IMPASTO_CLIENT_RETURN_IF_ERROR(WaitForReturn());
  }
  if (cancellation_->job().empty()) {
    IMPASTO_CLIENT_RETURN_IF_ERROR(UploadLargePictures(*core_, &request_, cancellation_->streams()));
  }
  OpenStream();
  return absl::OkStatus();
}

absl::Status GrpcStylizeCall::WaitForReturn() {
  const double uniform = std::uniform_real_distribution<double>(0, 1)(random_);
  const std::optional<absl::Duration> wait =
      backoff_.Next(absl::Now(), uniform, RetryDelay(last_error_).value_or(absl::ZeroDuration()));
  if (!wait.has_value()) {
    return absl::DeadlineExceededError("reattach_timeout");
  }
  if (!cancellation_->streams()->WaitFor(*wait)) {
    return Left();
  }
  // The stream itself can have no deadline: it may last for hours.
  return core_->Greet(/*wait_for_ready=*/true, backoff_.Remaining(absl::Now()), cancellation_->streams())
      .status();
}

void GrpcStylizeCall::OpenStream() {
  const std::string job = cancellation_->job();
  context_ = std::make_unique<grpc::ClientContext>();
  core_->Prepare(context_.get());
  scope_.emplace(cancellation_->streams(), context_.get());
  if (job.empty()) {
    cancellation_->SetSent();
    reader_ = core_->stylization().Stylize(context_.get(), request_);
  } else {
    v1::WatchJobRequest request;
    request.set_name(job);
    request.set_after_event(translator_.last_event());
    reader_ = core_->stylization().WatchJob(context_.get(), request);
  }
}

absl::Status GrpcStylizeCall::CloseStream() {
  const absl::Status status = FromGrpcStatus(reader_->Finish());
  scope_.reset();
  reader_.reset();
  translator_.StreamEnded();
  // With the last event there is nothing to come back for.
  if (!status.ok() && !(absl::IsUnavailable(status) && translator_.finished().has_value())) {
    return status;
  }
  return StatusOfEnd();
}

absl::Status GrpcStylizeCall::StatusOfEnd() const {
  const std::optional<v1::Finished>& finished = translator_.finished();
  if (!finished.has_value()) {
    return after_event_ > 0 && translator_.last_event() == after_event_
               ? absl::OkStatus()
               : absl::InternalError("the server ended the job without saying how");
  }
  if (finished->state() == v1::Finished::STATE_CANCELLED) {
    return absl::CancelledError("the job was cancelled");
  }
  if (finished->state() != v1::Finished::STATE_SUCCEEDED) {
    absl::Status status = FromRpcStatus(finished->error());
    return status.ok() ? absl::InternalError("the server says that the job failed, and not why") : status;
  }
  if (!translator_.has_result() && after_event_ == 0) {
    return absl::InternalError("the server ended the job without a whole result");
  }
  return absl::OkStatus();
}

std::optional<StylizeEvent> GrpcStylizeCall::Ended(const absl::Status& status) {
  if (!status.ok() && cancellation_->streams()->cancelled()) {
    outcome_ = Left();
    return std::nullopt;
  }
  if (absl::IsCancelled(status) && cancellation_->requested()) {
    outcome_ = absl::CancelledError("cancelled");
    return std::nullopt;
  }
  if (absl::IsUnavailable(status) && core_->options().reattach_timeout > absl::ZeroDuration()) {
    last_error_ = status;
    if (broken_.has_value()) {
      return std::nullopt;  // the next attempt
    }
    broken_ = status;
    return ConnectionLost{status};
  }
  outcome_ = broken_.has_value() && absl::IsDeadlineExceeded(status) ? *broken_ : status;
  return std::nullopt;
}

absl::Status GrpcStylizeCall::Left() const {
  return absl::CancelledError(detached_ ? "detached" : "cancelled");
}

}  // namespace impasto
