#include "job_cancellation.h"

#include <functional>
#include <utility>

#include <grpcpp/client_context.h>

#include "absl/strings/str_cat.h"

namespace impasto {
namespace {

// A unary call that nobody waits for. It keeps itself until it is done.
template <class Request, class Response>
struct Pending {
  grpc::ClientContext context;
  Request request;
  Response response;
};

}  // namespace

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
    SendCancel(name);
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
  if (!job.empty()) {
    SendCancel(job);
  } else if (sent) {
    SendLookup();
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

void JobCancellation::SendCancel(const std::string& name) {
  auto call = std::make_shared<Pending<v1::CancelJobRequest, v1::Job>>();
  core_->PrepareShort(&call->context);
  call->request.set_name(name);
  core_->stylization().async()->CancelJob(&call->context, &call->request, &call->response,
                                          [self = shared_from_this(), call](const grpc::Status& status) {
                                            if (!status.ok()) {
                                              self->streams_.Cancel();  // all that is left to do
                                            }
                                            self->Settle(status.ok() ? Answer::kCancelled : Answer::kFailed);
                                          });
}

void JobCancellation::SendLookup() {
  auto call = std::make_shared<Pending<v1::ListJobsRequest, v1::ListJobsResponse>>();
  core_->PrepareShort(&call->context);
  call->request.set_page_size(1);
  std::string filter = absl::StrCat("request_id = \"", request_id_, "\"");
  if (!core_->name().empty()) {
    absl::StrAppend(&filter, " AND client = \"", core_->name(), "\"");
  }
  call->request.set_filter(filter);
  core_->stylization().async()->ListJobs(&call->context, &call->request, &call->response,
                                         [self = shared_from_this(), call](const grpc::Status& status) {
                                           if (status.ok() && call->response.jobs_size() > 0) {
                                             self->SendCancel(call->response.jobs(0).name());
                                             return;
                                           }
                                           self->streams_.Cancel();
                                           self->Settle(status.ok() ? Answer::kCancelled : Answer::kFailed);
                                         });
}

void JobCancellation::Settle(Answer answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answer_ = answer;
  changed_.notify_all();
}

}  // namespace impasto
