// The Stylization service of FakeServer. Only for fake_*.cc.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "tests/testing/fake_service.h"

namespace impasto::testing {

// Ends a unary call.
grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const grpc::Status& status);
// What the call's metadata has under `key`, or "".
std::string MetadataOf(const grpc::CallbackServerContext& context, const char* key);

class FakeServer::StreamReactor final : public grpc::ServerWriteReactor<v1::JobEvent>, public EventStream {
 public:
  StreamReactor(std::string job, std::function<grpc::Status(EventStream&)> script)
      : job_(std::move(job)), thread_([this, script = std::move(script)] {
          Finish(script ? script(*this) : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no script"));
        }) {}
  ~StreamReactor() override { thread_.join(); }

  bool Send(const v1::JobEvent& event) override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (cancelled_) {
      return false;
    }
    writing_ = true;
    event_ = event;
    if (event.has_accepted()) {
      job_ = event.accepted().job();
    }
    lock.unlock();
    StartWrite(&event_);
    lock.lock();
    changed_.wait(lock, [this] { return !writing_; });
    return written_;
  }

  void WaitForCancel() override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return cancelled_; });
  }

  bool WaitForCancelJob() override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return cancelled_ || cancelled_jobs_.count(job_) > 0; });
    return cancelled_jobs_.count(job_) > 0;
  }

  // CancelJob was called. False: the stream is another job's.
  bool CancelJob(const std::string& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_jobs_.insert(job);
    changed_.notify_all();
    return job == job_;
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    writing_ = false;
    written_ = ok;
    changed_.notify_all();
  }
  void OnCancel() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  // The server keeps it: the script's thread may still be on its way out.
  void OnDone() override {}

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false;
  bool written_ = false;
  bool cancelled_ = false;
  std::set<std::string> cancelled_jobs_;
  std::string job_;
  v1::JobEvent event_;
  std::thread thread_;  // last: it uses all of the above
};

class FakeServer::StylizationService final : public v1::Stylization::CallbackService {
 public:
  explicit StylizationService(FakeServer* server) : server_(server) {}

  // Streams.
  grpc::ServerWriteReactor<v1::JobEvent>* Stylize(grpc::CallbackServerContext* context,
                                                  const v1::StylizeRequest* request) override;
  grpc::ServerWriteReactor<v1::JobEvent>* WatchJob(grpc::CallbackServerContext* context,
                                                   const v1::WatchJobRequest* request) override;
  grpc::ServerReadReactor<v1::UploadPictureRequest>* UploadPicture(
      grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) override;

  // What asks about jobs and changes them.
  grpc::ServerUnaryReactor* EstimateJob(grpc::CallbackServerContext* context,
                                        const v1::EstimateJobRequest* request,
                                        v1::EstimateJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
                                   v1::Job* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
                                     v1::Job* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request, v1::Job* response) override;
  // Recipe fields of the mask become a change after the steps that are made.
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request, v1::Job* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      google::protobuf::Empty* response) override;

 private:
  grpc::Status Change(const std::string& method, const std::string& name, v1::Job* response,
                      const std::function<void(v1::Job*)>& change);
  // The stream of a call, told by a script.
  StreamReactor* Open(const grpc::CallbackServerContext& context, std::string job,
                      std::function<grpc::Status(EventStream&)> script);

  FakeServer* const server_;
};

}  // namespace impasto::testing
