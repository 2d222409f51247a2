#include "job_cancellation.h"

#include <thread>
#include <utility>

#include <grpcpp/client_context.h>

#include "absl/strings/str_cat.h"

namespace impasto {

void JobCancellation::SetSent() {
  const std::lock_guard<std::mutex> lock(mutex_);
  sent_ = true;
}

void JobCancellation::SetJob(const std::string& name) {
  std::unique_lock<std::mutex> lock(mutex_);
  job_ = name;
  const bool cancel = requested_ && answer_ == Answer::kNone;
  lock.unlock();
  if (cancel) {
    Send(name);
  }
}

std::string JobCancellation::job() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return job_;
}

void JobCancellation::Request() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (std::exchange(requested_, true)) {
    return;
  }
  const std::string job = job_;
  const bool sent = sent_;
  lock.unlock();
  if (!job.empty() || sent) {
    Send(job);
  } else {
    streams_.Cancel();
    Settle(Answer::kCancelled);
  }
}

bool JobCancellation::requested() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requested_;
}

bool JobCancellation::WaitUntilTold(absl::Duration wait) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(wait), [this] { return answer_ != Answer::kNone; });
  return answer_ == Answer::kCancelled;
}

void JobCancellation::Send(std::string name) {
  // A thread of its own, and not gRPC's callbacks: those run on threads that the last channel joins as it
  // goes, and a callback may well hold the last channel. The deadline of short calls bounds its life.
  std::thread([self = shared_from_this(), name = std::move(name)]() mutable {
    grpc::Status status;
    if (name.empty()) {
      status = self->LookUp(&name);
    }
    if (status.ok() && !name.empty()) {
      grpc::ClientContext context;
      self->core_->PrepareShort(&context);
      v1::CancelJobRequest request;
      request.set_name(name);
      v1::Job job;
      status = self->core_->stylization().CancelJob(&context, request, &job);
    }
    if (!status.ok() || name.empty()) {
      self->streams_.Cancel();  // all that is left to do
    }
    self->Settle(status.ok() ? Answer::kCancelled : Answer::kFailed);
  }).detach();
}

grpc::Status JobCancellation::LookUp(std::string* name) const {
  grpc::ClientContext context;
  core_->PrepareShort(&context);
  v1::ListJobsRequest request;
  request.set_page_size(1);
  std::string filter = absl::StrCat("request_id = \"", request_id_, "\"");
  if (!core_->name().empty()) {
    absl::StrAppend(&filter, " AND client = \"", core_->name(), "\"");
  }
  request.set_filter(filter);
  v1::ListJobsResponse response;
  grpc::Status status = core_->stylization().ListJobs(&context, request, &response);
  if (status.ok() && response.jobs_size() > 0) {
    *name = response.jobs(0).name();
  }
  return status;
}

void JobCancellation::Settle(Answer answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answer_ = answer;
  changed_.notify_all();
}

}  // namespace impasto
