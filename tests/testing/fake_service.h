// A scripted Impasto server inside the test's process, for the clients' tests.
#pragma once

#include <condition_variable>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/server.grpc.pb.h"
#include "impasto/v1/styles.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"
#include "tests/testing/job_events.h"

namespace impasto::testing {

// The server's end of one Stylize or WatchJob call, for a script. Thread-safe.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // Blocks until gRPC has taken the event. False: the client is gone.
  virtual bool Send(const v1::JobEvent& event) = 0;
  // Blocks until the client leaves the stream or goes away.
  virtual void WaitForCancel() = 0;
  // Blocks until the job whose events were sent here is cancelled with CancelJob: true; or the client has
  // left: false.
  virtual bool WaitForCancelJob() = 0;

  bool SendAll(const std::vector<v1::JobEvent>& events) {
    for (const v1::JobEvent& event : events) {
      if (!Send(event)) {
        return false;
      }
    }
    return true;
  }
};

struct FakeUpload {
  v1::RawPixels layout;  // of a raw upload
  std::string bytes;
  int parts = 0;  // messages with data
};

class FakeServer {
 public:
  // A whole job, in a thread of its own; what it returns ends the call.
  using StylizeScript = std::function<grpc::Status(const v1::StylizeRequest& request, EventStream& stream)>;
  using WatchScript = std::function<grpc::Status(const v1::WatchJobRequest& request, EventStream& stream)>;

  // `address`: "127.0.0.1:0" takes a free port.
  explicit FakeServer(
      const std::string& address = "127.0.0.1:0",
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  // Cancels what is running.
  ~FakeServer();

  // HOST:PORT, or as it was given.
  const std::string& address() const { return address_; }

  void SetStylize(StylizeScript script);
  // For WatchJob. Without one, and for a job with a log (SetEvents), the log is sent.
  void SetWatch(WatchScript script);
  // A job's log: WatchJob sends what comes after `after_event`, and ends with OK.
  void SetEvents(const std::string& job, std::vector<v1::JobEvent> events);
  // Jobs for GetJob and the methods that change them. ListJobs gives them in this order, in pages of
  // `page_size`. Of filters it understands `name = "PREFIX*"`, `client = "..."` and `request_id = "..."`, and
  // "NOT (state" as: those that haven't ended; everything else passes all.
  void SetJobs(std::vector<v1::Job> jobs, int page_size = 50);
  // What EstimateJob answers.
  void SetEstimate(v1::EstimateJobResponse estimate);
  void SetStyles(std::vector<v1::Style> styles);
  // The next so many calls of unary methods of jobs and styles fail with this; OK: none does.
  void SetUnaryStatus(grpc::Status status, int calls = std::numeric_limits<int>::max());
  // GetJob isn't answered any more, as long as this server lives.
  void HoldGetJob();
  // What GetServerInfo answers. At first: version 1.2.3, of the API's newest revision. Without a `client` in
  // it, it is what the caller calls itself.
  void SetServerInfo(v1::ServerInfo info, grpc::Status status = grpc::Status::OK);
  // GetServerInfo wants this token. "", as at first: none.
  void SetToken(std::string token);

  // The status of uploads; OK, which is the start, names them uploads/1, uploads/2, ...
  void SetUploadStatus(grpc::Status status);
  // Listed in pages of `page_size`.
  void SetModels(std::vector<v1::Model> models, int page_size = 50);
  // ListModels gives the same page for ever.
  void SetEndlessModels();

  std::vector<v1::StylizeRequest> requests() const;
  std::vector<v1::WatchJobRequest> watches() const;
  std::vector<v1::ListJobsRequest> lists() const;
  std::vector<v1::UpdateJobRequest> updates() const;
  std::vector<v1::CreateStyleRequest> created_styles() const;
  // Calls of unary methods of jobs and styles, but for lists: "CancelJob jobs/1".
  std::vector<std::string> calls() const;
  // What the clients of Stylize and WatchJob calls call themselves ("impasto-client").
  std::vector<std::string> clients() const;
  // The "authorization" of calls of GetServerInfo, Stylize and WatchJob; "" where there was none.
  std::vector<std::string> authorizations() const;
  std::vector<FakeUpload> uploads() const;
  int list_calls() const;

 private:
  class StylizationService;
  class ModelsService;
  class StylesService;
  class ServerService;
  class StreamReactor;
  class UploadReactor;

  // With the lock held.
  grpc::Status NextUnaryStatus();

  mutable std::mutex mutex_;
  StylizeScript script_;
  grpc::Status upload_status_;
  std::vector<v1::Model> models_;
  int page_size_ = 50;
  bool endless_models_ = false;
  int list_calls_ = 0;
  std::vector<v1::StylizeRequest> requests_;
  WatchScript watch_script_;
  std::map<std::string, std::vector<v1::JobEvent>> logs_;
  std::vector<v1::Job> jobs_;
  int jobs_page_size_ = 50;
  v1::EstimateJobResponse estimate_;
  std::vector<v1::Style> styles_;
  grpc::Status unary_status_;
  int unary_status_calls_ = 0;
  bool hold_get_job_ = false;
  std::vector<grpc::ServerUnaryReactor*> held_;  // gRPC's own
  v1::ServerInfo info_;
  grpc::Status info_status_;
  std::string token_;
  std::vector<v1::WatchJobRequest> watches_;
  std::vector<v1::ListJobsRequest> lists_;
  std::vector<v1::UpdateJobRequest> updates_;
  std::vector<v1::CreateStyleRequest> created_styles_;
  std::vector<std::string> calls_;
  std::vector<std::string> clients_;
  std::vector<std::string> authorizations_;
  std::vector<FakeUpload> uploads_;
  std::vector<std::unique_ptr<StreamReactor>> streams_;

  std::string address_;
  std::unique_ptr<StylizationService> stylization_;
  std::unique_ptr<ModelsService> models_service_;
  std::unique_ptr<StylesService> styles_service_;
  std::unique_ptr<ServerService> server_service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace impasto::testing
