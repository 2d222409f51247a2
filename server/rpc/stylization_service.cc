#include "rpc/stylization_service.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "rpc/picture_chunks.h"
#include "rpc/status.h"
#include "rpc/validation.h"

namespace impasto::rpc {
namespace {

// Takes a place among `limit`, for as long as it lives.
class Place {
 public:
  Place(std::atomic<int>* taken, int limit) : taken_(taken), ok_(taken->fetch_add(1) < limit) {}
  ~Place() { taken_->fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool ok() const { return ok_; }

 private:
  std::atomic<int>* const taken_;
  const bool ok_;
};

// A call that is refused before it began.
template <typename Reactor>
class RefusedCall final : public Reactor {
 public:
  explicit RefusedCall(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

// Sends a job's events at the client's pace. One thing is under way at a time, and its end starts the next: a
// write, or the wait for the job's next event. So there is never more than one write in flight, and nobody
// else can call Finish. A client that leaves only has its job cancelled here; the call ends when the job has.
class StylizeCall final : public grpc::ServerWriteReactor<v1::JobEvent> {
 public:
  StylizeCall(std::shared_ptr<jobs::Job> job, std::unique_ptr<Place> place)
      : job_(std::move(job)), place_(std::move(place)) {}

  // Begins with the first event.
  void Start() { Continue(); }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      job_->Cancel();
      MutexLock lock(&mutex_);
      client_left_ = true;
      messages_ = EventMessages();
    }
    Continue();
  }
  void OnCancel() override { job_->Cancel(); }
  void OnDone() override { delete this; }

 private:
  // The last statement of whoever calls it: the call may be gone when it returns.
  void Continue() {
    const std::shared_ptr<jobs::Job> job = job_;
    std::optional<absl::Status> end;
    bool writes = false;
    int64_t wait_after = 0;
    {
      MutexLock lock(&mutex_);
      // In this order: an end that comes after the look for the next event must not hide that event.
      end = job->EndStatus();
      if (client_left_) {
        wait_after = std::numeric_limits<int64_t>::max();
      } else {
        if (messages_.done()) TakeNextEventLocked(end);
        writes = !messages_.done();
        if (writes) messages_.Next(&message_);
        wait_after = sequence_;
      }
    }
    if (writes) {
      StartWrite(&message_);
    } else if (end) {
      Finish(ToGrpcStatus(*end));
    } else {
      job->NotifyAfter(wait_after, [this] { Continue(); });
    }
  }

  void TakeNextEventLocked(const std::optional<absl::Status>& end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::optional<jobs::Event> event = job_->NextEvent(sequence_);
    if (!event) return;
    sequence_ = event->message.sequence();
    // The jobs know codes and messages; the details belong to the API.
    if (event->message.has_finished() && event->message.finished().has_error() && end) {
      *event->message.mutable_finished()->mutable_error() = ToStatusProto(*end);
    }
    messages_ = EventMessages(*std::move(event));
  }

  const std::shared_ptr<jobs::Job> job_;
  const std::unique_ptr<Place> place_;
  v1::JobEvent message_;  // the one that is being written

  Mutex mutex_;
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;  // of the event that is being sent, or was sent last
  EventMessages messages_ ABSL_GUARDED_BY(mutex_);
  bool client_left_ ABSL_GUARDED_BY(mutex_) = false;
};

// Reads an upload part by part, then has it checked by a worker.
class UploadCall final : public grpc::ServerReadReactor<v1::UploadPictureRequest> {
 public:
  UploadCall(grpc::CallbackServerContext* context, std::unique_ptr<UploadWriter> writer, Worker* checker,
             v1::UploadPictureResponse* response, std::unique_ptr<Place> place)
      : context_(context),
        checker_(checker),
        response_(response),
        place_(std::move(place)),
        writer_(std::move(writer)) {}

  void Start() { ReadNext(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      // The client has sent all, or has gone.
      if (!checker_->TryPost([this] { Check(); })) {
        End(absl::ResourceExhaustedError("too many uploads are waiting to be checked; try again later"));
      }
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
  void OnDone() override { delete this; }

 private:
  // These are the last statement of whoever calls them: the call may be gone when they return.
  void ReadNext() {
    // A new one each time: a cleared message keeps the memory of its largest part.
    part_ = std::make_unique<v1::UploadPictureRequest>();
    StartRead(part_.get());
  }
  void Check() {
    // What a client that went away had sent so far is no upload.
    if (context_->IsCancelled()) return End(absl::CancelledError("the upload was cancelled"));
    absl::StatusOr<v1::UploadPictureResponse> uploaded = writer_->Finish();
    const absl::Status status = uploaded.status();
    if (uploaded.ok()) *response_ = *std::move(uploaded);
    End(status);
  }
  void End(const absl::Status& status) {
    writer_ = nullptr;  // frees what it has read, if it isn't kept
    part_ = nullptr;
    Finish(ToGrpcStatus(status));
  }

  grpc::CallbackServerContext* const context_;
  Worker* const checker_;
  v1::UploadPictureResponse* const response_;
  const std::unique_ptr<Place> place_;
  // Touched by one callback at a time.
  std::unique_ptr<UploadWriter> writer_;
  std::unique_ptr<v1::UploadPictureRequest> part_;
  bool first_ = true;
};

}  // namespace

absl::StatusOr<std::shared_ptr<jobs::Job>> StylizationService::StartJob(v1::StylizeRequest* request) {
  IMPASTO_RETURN_IF_ERROR(ValidateStylizeRequest(*request));
  const int64_t bytes = static_cast<int64_t>(request->ByteSizeLong());
  const std::shared_ptr<std::atomic<int64_t>> waiting = waiting_request_bytes_;
  if (waiting->fetch_add(bytes) + bytes > limits_.waiting_request_bytes) {
    waiting->fetch_sub(bytes);
    return absl::ResourceExhaustedError(absl::StrCat("requests of more than ",
                                                     limits_.waiting_request_bytes >> 20,
                                                     " MiB would wait to be prepared; try again later"));
  }
  // gRPC keeps its message to the end of the call; its pictures are wanted for the first seconds only.
  std::shared_ptr<v1::StylizeRequest> owned(new v1::StylizeRequest,
                                            [waiting, bytes](v1::StylizeRequest* done) {
                                              delete done;
                                              waiting->fetch_sub(bytes);
                                            });
  owned->Swap(request);
  return backend_->Stylize(std::move(owned));
}

grpc::ServerWriteReactor<v1::JobEvent>* StylizationService::Stylize(grpc::CallbackServerContext* context,
                                                                    const v1::StylizeRequest* request) {
  using Refused = RefusedCall<grpc::ServerWriteReactor<v1::JobEvent>>;
  auto place = std::make_unique<Place>(&stylize_calls_, limits_.stylize_calls);
  if (!place->ok()) {
    return new Refused(absl::ResourceExhaustedError(absl::StrCat(
        "the server takes ", limits_.stylize_calls, " Stylize calls at a time; try again later")));
  }
  // The message is gRPC's for this call alone, and no constant.
  absl::StatusOr<std::shared_ptr<jobs::Job>> job = StartJob(const_cast<v1::StylizeRequest*>(request));
  if (!job.ok()) return new Refused(job.status());
  auto* call = new StylizeCall(*std::move(job), std::move(place));
  call->Start();
  return call;
}

grpc::ServerReadReactor<v1::UploadPictureRequest>* StylizationService::UploadPicture(
    grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) {
  using Refused = RefusedCall<grpc::ServerReadReactor<v1::UploadPictureRequest>>;
  auto place = std::make_unique<Place>(&upload_calls_, limits_.upload_calls);
  if (!place->ok()) {
    return new Refused(absl::ResourceExhaustedError(
        absl::StrCat("the server takes ", limits_.upload_calls, " uploads at a time; try again later")));
  }
  auto* call = new UploadCall(context, uploads_->StartUpload(), checker_, response, std::move(place));
  call->Start();
  return call;
}

}  // namespace impasto::rpc
