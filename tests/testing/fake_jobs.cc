// The unary methods of FakeServer's Stylization service.
#include <algorithm>
#include <string>

#include "google/protobuf/util/field_mask_util.h"
#include "tests/testing/fake_stylization.h"

namespace impasto::testing {
namespace {

bool Ended(const v1::Job& job) {
  return job.state() == v1::Job::STATE_SUCCEEDED || job.state() == v1::Job::STATE_CANCELLED ||
         job.state() == v1::Job::STATE_FAILED;
}

// The text of `field = "text"` in a filter, or "".
std::string Compared(const std::string& filter, const std::string& field) {
  const std::string start = field + " = \"";
  const size_t at = filter.find(start);
  return at == std::string::npos
             ? ""
             : filter.substr(at + start.size(), filter.find('"', at + start.size()) - at - start.size());
}

bool Passes(const v1::Job& job, const std::string& filter) {
  std::string name = Compared(filter, "name");
  const std::string client = Compared(filter, "client");
  const std::string request_id = Compared(filter, "request_id");
  if (!name.empty() && name.back() == '*') {
    name.pop_back();
  }
  return job.name().rfind(name, 0) == 0 && (client.empty() || client == job.client()) &&
         (request_id.empty() || request_id == job.request_id()) &&
         (filter.find("NOT (state") == std::string::npos || !Ended(job));
}

}  // namespace

grpc::ServerUnaryReactor* FakeServer::StylizationService::EstimateJob(
    grpc::CallbackServerContext* context, const v1::EstimateJobRequest* /*request*/,
    v1::EstimateJobResponse* response) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->calls_.emplace_back("EstimateJob");
  *response = server_->estimate_;
  return Done(context, server_->NextUnaryStatus());
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::ListJobs(grpc::CallbackServerContext* context,
                                                                   const v1::ListJobsRequest* request,
                                                                   v1::ListJobsResponse* response) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->lists_.push_back(*request);
  const int size = request->page_size() > 0 ? std::min(request->page_size(), server_->jobs_page_size_)
                                            : server_->jobs_page_size_;
  const int start = request->page_token().empty() ? 0 : std::stoi(request->page_token());
  int index = 0;
  for (const v1::Job& job : server_->jobs_) {
    if (!Passes(job, request->filter()) || index++ < start) {
      continue;
    }
    if (response->jobs_size() == size) {
      response->set_next_page_token(std::to_string(start + size));
      break;
    }
    *response->add_jobs() = job;
  }
  return Done(context, server_->NextUnaryStatus());
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::GetJob(grpc::CallbackServerContext* context,
                                                                 const v1::GetJobRequest* request,
                                                                 v1::Job* response) {
  {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    if (server_->hold_get_job_) {
      return server_->held_.emplace_back(context->DefaultReactor());
    }
  }
  return Done(context, Change("GetJob", request->name(), response, [](v1::Job*) {}));
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::CancelJob(grpc::CallbackServerContext* context,
                                                                    const v1::CancelJobRequest* request,
                                                                    v1::Job* response) {
  grpc::Status status = Change("CancelJob", request->name(), response, [](v1::Job* job) {
    if (!Ended(*job)) {
      job->set_state(v1::Job::STATE_CANCELLED);
    }
  });
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  // A job of a script alone is in no list.
  const bool answered = status.ok() || status.error_code() == grpc::StatusCode::NOT_FOUND;
  for (const auto& stream : server_->streams_) {
    if (answered && stream->CancelJob(request->name())) {
      status = grpc::Status::OK;
    }
  }
  return Done(context, status);
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::PauseJob(grpc::CallbackServerContext* context,
                                                                   const v1::PauseJobRequest* request,
                                                                   v1::Job* response) {
  return Done(context, Change("PauseJob", request->name(), response,
                              [](v1::Job* job) { job->set_state(v1::Job::STATE_PAUSED); }));
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::ResumeJob(grpc::CallbackServerContext* context,
                                                                    const v1::ResumeJobRequest* request,
                                                                    v1::Job* response) {
  return Done(context, Change("ResumeJob", request->name(), response,
                              [](v1::Job* job) { job->set_state(v1::Job::STATE_RUNNING); }));
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::UpdateJob(grpc::CallbackServerContext* context,
                                                                    const v1::UpdateJobRequest* request,
                                                                    v1::Job* response) {
  {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->updates_.push_back(*request);
  }
  return Done(context, Change("UpdateJob", request->job().name(), response, [request](v1::Job* job) {
                google::protobuf::util::FieldMaskUtil::MergeOptions options;
                google::protobuf::util::FieldMaskUtil::MergeMessageTo(request->job(), request->update_mask(),
                                                                      options, job);
                for (const std::string& path : request->update_mask().paths()) {
                  if (path.rfind("recipe.", 0) == 0) {
                    job->mutable_original_recipe()->add_changes()->set_iteration(job->iteration());
                    return;
                  }
                }
              }));
}

grpc::ServerUnaryReactor* FakeServer::StylizationService::DeleteJob(grpc::CallbackServerContext* context,
                                                                    const v1::DeleteJobRequest* request,
                                                                    google::protobuf::Empty* /*response*/) {
  v1::Job job;
  grpc::Status status = Change("DeleteJob", request->name(), &job, [](v1::Job*) {});
  if (status.ok() && !Ended(job)) {
    status = {grpc::StatusCode::FAILED_PRECONDITION, "\"" + job.name() + "\" hasn't ended: cancel it first"};
  }
  return Done(context, status);
}

grpc::Status FakeServer::StylizationService::Change(const std::string& method, const std::string& name,
                                                    v1::Job* response,
                                                    const std::function<void(v1::Job*)>& change) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->calls_.push_back(method + " " + name);
  if (const grpc::Status status = server_->NextUnaryStatus(); !status.ok()) {
    return status;
  }
  for (v1::Job& job : server_->jobs_) {
    if (job.name() == name) {
      change(&job);
      *response = job;
      return grpc::Status::OK;
    }
  }
  return {grpc::StatusCode::NOT_FOUND, "no job \"" + name + "\""};
}

}  // namespace impasto::testing
