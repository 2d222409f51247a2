#include "rpc/upload_call.h"

#include <utility>

#include "rpc/calls.h"
#include "rpc/status.h"
#include "rpc/validation.h"

namespace impasto::rpc {

void UploadCall::OnReadDone(bool ok) {
  if (!ok) {
    // The client has sent all, or has gone.
    if (!checker_->TryPost([this] { Check(); })) End(TooManyWaiting());
    return;
  }
  absl::Status status = ValidateUploadPart(*part_, first_);
  first_ = false;
  if (status.ok()) status = writer_->Append(*part_);
  if (!status.ok()) {
    End(status);
  } else {
    ReadNext();
  }
}

void UploadCall::ReadNext() {
  // A new one each time: a cleared message keeps the memory of its largest part.
  part_ = std::make_unique<v1::UploadPictureRequest>();
  StartRead(part_.get());
}

void UploadCall::Check() {
  // What a client that went away had sent so far is no upload.
  if (context_->IsCancelled()) return End(absl::CancelledError("the upload was cancelled"));
  absl::StatusOr<v1::UploadPictureResponse> uploaded = writer_->Finish();
  const absl::Status status = uploaded.status();
  if (uploaded.ok()) *response_ = *std::move(uploaded);
  End(status);
}

void UploadCall::End(const absl::Status& status) {
  writer_ = nullptr;  // frees what it has read, if it isn't kept
  part_ = nullptr;
  Finish(ToGrpcStatus(status));
}

}  // namespace impasto::rpc
