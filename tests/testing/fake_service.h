// A scripted Impasto server inside the test's process, for the clients' tests.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/server.h>

#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"

namespace impasto::testing {

// The server's end of one Stylize call, for a script. Thread-safe.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // Blocks until gRPC has taken the event. False: the client is gone.
  virtual bool Send(const v1::JobEvent& event) = 0;
  // Blocks until the client cancels or goes away.
  virtual void WaitForCancel() = 0;

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

  // `address`: "127.0.0.1:0" takes a free port.
  explicit FakeServer(const std::string& address = "127.0.0.1:0");
  // Cancels what is running.
  ~FakeServer();

  // HOST:PORT, or as it was given.
  const std::string& address() const { return address_; }

  void SetStylize(StylizeScript script);
  // The status of uploads; OK, which is the start, names them uploads/1, uploads/2, ...
  void SetUploadStatus(grpc::Status status);
  // Listed in pages of `page_size`.
  void SetModels(std::vector<v1::Model> models, int page_size = 50);
  // ListModels gives the same page for ever.
  void SetEndlessModels();

  std::vector<v1::StylizeRequest> requests() const;
  std::vector<FakeUpload> uploads() const;
  int list_calls() const;

 private:
  class StylizationService;
  class ModelsService;
  class StreamReactor;
  class UploadReactor;

  mutable std::mutex mutex_;
  StylizeScript script_;
  grpc::Status upload_status_;
  std::vector<v1::Model> models_;
  int page_size_ = 50;
  bool endless_models_ = false;
  int list_calls_ = 0;
  std::vector<v1::StylizeRequest> requests_;
  std::vector<FakeUpload> uploads_;
  std::vector<std::unique_ptr<StreamReactor>> streams_;

  std::string address_;
  std::unique_ptr<StylizationService> stylization_;
  std::unique_ptr<ModelsService> models_service_;
  std::unique_ptr<grpc::Server> server_;
};

// Events.
v1::JobEvent AcceptedEvent(const v1::Recipe& recipe = {}, const std::vector<std::string>& warnings = {});
v1::JobEvent ProgressEvent(int iteration, int iterations, double total, double content, double style,
                           int elapsed_ms);
v1::JobEvent FinishedEvent(v1::Finished::State state = v1::Finished::STATE_SUCCEEDED);
// A picture of 4 x 3 pixels whose file is `bytes`, in chunks of `chunk_bytes`.
std::vector<v1::PictureChunk> Chunks(std::string_view bytes, size_t chunk_bytes,
                                     v1::PictureFormat format = v1::PICTURE_FORMAT_PNG);
v1::JobEvent PreviewEvent(int iteration, const v1::PictureChunk& chunk);
v1::JobEvent ResultEvent(int iteration, double total_loss, const v1::PictureChunk& chunk);
std::vector<v1::JobEvent> PreviewEvents(int iteration, std::string_view bytes, size_t chunk_bytes = 1 << 19,
                                        v1::PictureFormat format = v1::PICTURE_FORMAT_JPEG);
std::vector<v1::JobEvent> ResultEvents(int iteration, double total_loss, std::string_view bytes,
                                       size_t chunk_bytes = 1 << 19,
                                       v1::PictureFormat format = v1::PICTURE_FORMAT_PNG);

// A status with google.rpc details: the field at fault, and a reason.
grpc::Status StatusWithDetails(grpc::StatusCode code, const std::string& message, const std::string& field,
                               const std::string& reason);

}  // namespace impasto::testing
