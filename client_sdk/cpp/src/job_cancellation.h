// Stops a job on the server, whatever the state of its stream is.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/support/status.h>

#include "absl/time/time.h"
#include "canceller.h"
#include "client_core.h"

namespace impasto {

// Thread-safe. Shared with the requests that are under way: they may end after the call that wanted them.
class JobCancellation : public std::enable_shared_from_this<JobCancellation> {
 public:
  // `job`: empty until SetJob. `request_id`: what a job that isn't accepted yet is found by.
  JobCancellation(std::shared_ptr<const ClientCore> core, std::string job, std::string request_id)
      : core_(std::move(core)), request_id_(std::move(request_id)), job_(std::move(job)) {}

  // The streams and uploads of the call. Cancelling it leaves the job.
  Canceller* streams() { return &streams_; }

  // From here on the server may have a job.
  void SetSent();
  // It is accepted. Cancels it where that was asked for before.
  void SetJob(const std::string& name);
  std::string job() const;

  // Tells the server, or leaves where there is nothing to tell. Never blocks. Once is enough.
  void Request();
  bool requested() const;
  // Blocks for up to `wait` until the server has answered. True: the job is cancelled, or there is none.
  bool WaitUntilTold(absl::Duration wait);

 private:
  enum class Answer { kNone, kCancelled, kFailed };

  // Cancels the job `name`, or where that is empty the one that LookUp finds, in the background.
  void Send(std::string name);
  // Finds the job by the request's id; leaves `name` empty where there is none.
  grpc::Status LookUp(std::string* name) const;
  void Settle(Answer answer);

  const std::shared_ptr<const ClientCore> core_;
  const std::string request_id_;
  Canceller streams_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string job_;                // guarded by mutex_
  bool sent_ = false;              // guarded by mutex_
  bool requested_ = false;         // guarded by mutex_
  Answer answer_ = Answer::kNone;  // guarded by mutex_
};

}  // namespace impasto
