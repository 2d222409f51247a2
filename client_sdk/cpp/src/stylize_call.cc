#include "impasto/stylize_call.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"
#include "status_conversion.h"
#include "stylize_call_impl.h"

namespace impasto {

StylizeCall::StylizeCall(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StylizeCall::~StylizeCall() = default;
std::optional<StylizeEvent> StylizeCall::Next() { return impl_->Next(); }
absl::Status StylizeCall::Finish() { return impl_->Finish(); }
void StylizeCall::Cancel() { impl_->Cancel(); }

StylizeCall::Impl::Impl(std::shared_ptr<const ClientCore> core, v1::StylizeRequest request)
    : core_(std::move(core)),
      request_(std::move(request)),
      assembler_(core_->options().max_received_picture_bytes) {}

StylizeCall::Impl::~Impl() {
  if (reader_ != nullptr && !outcome_.has_value()) {
    canceller_.Cancel();
    Conclude().IgnoreError();
  }
}

absl::Status StylizeCall::Impl::Start() {
  IMPASTO_CLIENT_RETURN_IF_ERROR(core_->UploadLargePictures(&request_, &canceller_));
  scope_.emplace(&canceller_, &context_);
  reader_ = core_->stylization().Stylize(&context_, request_);
  request_.Clear();  // it can be 60 MiB, and gRPC has it now
  return absl::OkStatus();
}

std::optional<StylizeEvent> StylizeCall::Impl::Next() {
  if (outcome_.has_value()) {
    return std::nullopt;
  }
  if (!started_) {
    started_ = true;
    if (absl::Status status = Start(); !status.ok()) {
      outcome_ = canceller_.cancelled() ? absl::CancelledError("cancelled") : std::move(status);
      return std::nullopt;
    }
  }
  v1::JobEvent event;
  while (reader_->Read(&event)) {
    absl::StatusOr<std::optional<StylizeEvent>> translated = Translate(std::move(event));
    if (!translated.ok()) {
      canceller_.Cancel();
      Conclude().IgnoreError();
      outcome_ = std::move(translated).status();
      return std::nullopt;
    }
    if (translated->has_value()) {
      return *std::move(translated);
    }
    event.Clear();
  }
  outcome_ = Conclude();
  return std::nullopt;
}

absl::Status StylizeCall::Impl::Finish() {
  while (Next().has_value()) {
  }
  return *outcome_;
}

absl::StatusOr<std::optional<StylizeEvent>> StylizeCall::Impl::Translate(v1::JobEvent event) {
  switch (event.event_case()) {
    case v1::JobEvent::kAccepted:
      return StylizeEvent(std::move(*event.mutable_accepted()));
    case v1::JobEvent::kProgress:
      return StylizeEvent(std::move(*event.mutable_progress()));
    case v1::JobEvent::kPreview:
      return TranslatePreview(std::move(*event.mutable_preview()));
    case v1::JobEvent::kResult:
      return TranslateResult(std::move(*event.mutable_result()));
    case v1::JobEvent::kFinished:
      finished_ = std::move(*event.mutable_finished());
      return std::nullopt;
    case v1::JobEvent::EVENT_NOT_SET:
      break;
  }
  return std::nullopt;  // a later server's event
}

absl::StatusOr<std::optional<StylizeEvent>> StylizeCall::Impl::TranslatePreview(v1::Preview preview) {
  if (assembler_.pending() &&
      (pending_kind_ != Pending::kPreview || pending_iteration_ != preview.iteration())) {
    return absl::InternalError(absl::StrCat("the server sent a broken picture: the preview of iteration ",
                                            preview.iteration(), " begins within another picture"));
  }
  pending_kind_ = Pending::kPreview;
  pending_iteration_ = preview.iteration();
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::optional<ReceivedPicture> picture,
                                  assembler_.Add(std::move(*preview.mutable_chunk())));
  if (!picture.has_value()) {
    return std::nullopt;
  }
  return StylizeEvent(PreviewPicture{.iteration = preview.iteration(), .picture = *std::move(picture)});
}

absl::StatusOr<std::optional<StylizeEvent>> StylizeCall::Impl::TranslateResult(v1::Result result) {
  if (has_result_) {
    return absl::InternalError("the server sent two results");
  }
  if (assembler_.pending() &&
      (pending_kind_ != Pending::kResult || pending_iteration_ != result.iteration())) {
    return absl::InternalError("the server sent a broken picture: the result begins within another picture");
  }
  pending_kind_ = Pending::kResult;
  pending_iteration_ = result.iteration();
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::optional<ReceivedPicture> picture,
                                  assembler_.Add(std::move(*result.mutable_chunk())));
  if (!picture.has_value()) {
    return std::nullopt;
  }
  has_result_ = true;
  return StylizeEvent(ResultPicture{.iteration = result.iteration(),
                                    .total_loss = result.total_loss(),
                                    .level = result.level(),
                                    .picture = *std::move(picture)});
}

absl::Status StylizeCall::Impl::Conclude() {
  const grpc::Status grpc_status = reader_->Finish();
  scope_.reset();
  if (!grpc_status.ok()) {
    absl::Status status = FromGrpcStatus(grpc_status);
    if (absl::IsCancelled(status) && canceller_.cancelled()) {
      return absl::CancelledError("cancelled");
    }
    return status;
  }
  if (!finished_.has_value()) {
    return absl::InternalError("the server ended the job without saying how");
  }
  if (finished_->state() == v1::Finished::STATE_CANCELLED) {
    return absl::CancelledError("the server cancelled the job");
  }
  if (finished_->state() != v1::Finished::STATE_SUCCEEDED) {
    absl::Status status = FromRpcStatus(finished_->error());
    return status.ok() ? absl::InternalError("the server says that the job failed, and not why") : status;
  }
  if (!has_result_) {
    return absl::InternalError("the server ended the job without a whole result");
  }
  return absl::OkStatus();
}

}  // namespace impasto
