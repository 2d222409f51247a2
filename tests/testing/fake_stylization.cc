#include "tests/testing/fake_stylization.h"

#include <memory>
#include <utility>

namespace impasto::testing {

class FakeServer::UploadReactor final : public grpc::ServerReadReactor<v1::UploadPictureRequest> {
 public:
  UploadReactor(FakeServer* server, v1::UploadPictureResponse* response)
      : server_(server), response_(response) {
    StartRead(&part_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard<std::mutex> lock(server_->mutex_);
      server_->uploads_.push_back(upload_);
      response_->set_name("uploads/" + std::to_string(server_->uploads_.size()));
      Finish(server_->upload_status_);
      return;
    }
    if (part_.has_raw()) {
      upload_.layout = part_.raw();
    }
    if (!part_.data().empty()) {
      ++upload_.parts;
      upload_.bytes += part_.data();
    }
    StartRead(&part_);
  }
  void OnDone() override { delete this; }

 private:
  FakeServer* const server_;
  v1::UploadPictureResponse* const response_;
  v1::UploadPictureRequest part_;
  FakeUpload upload_;
};

grpc::ServerWriteReactor<v1::JobEvent>* FakeServer::StylizationService::Stylize(
    grpc::CallbackServerContext* context, const v1::StylizeRequest* request) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->requests_.push_back(*request);
  std::function<grpc::Status(EventStream&)> script;
  if (server_->script_) {
    script = [script = server_->script_, request = *request](EventStream& stream) {
      return script(request, stream);
    };
  }
  return Open(*context, "", std::move(script));
}

grpc::ServerWriteReactor<v1::JobEvent>* FakeServer::StylizationService::WatchJob(
    grpc::CallbackServerContext* context, const v1::WatchJobRequest* request) {
  const std::lock_guard<std::mutex> lock(server_->mutex_);
  server_->watches_.push_back(*request);
  std::function<grpc::Status(EventStream&)> script;
  const auto log = server_->logs_.find(request->name());
  if (log != server_->logs_.end()) {
    script = [events = log->second, after = request->after_event()](EventStream& stream) {
      for (const v1::JobEvent& event : events) {
        if (event.sequence() > after && !stream.Send(event)) {
          break;
        }
      }
      return grpc::Status::OK;
    };
  } else if (server_->watch_script_) {
    script = [script = server_->watch_script_, request = *request](EventStream& stream) {
      return script(request, stream);
    };
  } else {
    script = [name = request->name()](EventStream&) {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no job \"" + name + "\"");
    };
  }
  return Open(*context, request->name(), std::move(script));
}

grpc::ServerReadReactor<v1::UploadPictureRequest>* FakeServer::StylizationService::UploadPicture(
    grpc::CallbackServerContext* /*context*/, v1::UploadPictureResponse* response) {
  return new UploadReactor(server_, response);
}

FakeServer::StreamReactor* FakeServer::StylizationService::Open(
    const grpc::CallbackServerContext& context, std::string job,
    std::function<grpc::Status(EventStream&)> script) {
  server_->clients_.push_back(MetadataOf(context, "impasto-client"));
  server_->authorizations_.push_back(MetadataOf(context, "authorization"));
  server_->streams_.push_back(std::make_unique<StreamReactor>(std::move(job), std::move(script)));
  return server_->streams_.back().get();
}

}  // namespace impasto::testing
