#include "tests/testing/fake_service.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace impasto::testing {

class FakeServer::StreamReactor final : public grpc::ServerWriteReactor<v1::JobEvent>, public EventStream {
 public:
  StreamReactor(StylizeScript script, v1::StylizeRequest request)
      : thread_([this, script = std::move(script), request = std::move(request)] {
          Finish(script ? script(request, *this)
                        : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no script"));
        }) {}
  ~StreamReactor() override { thread_.join(); }

  bool Send(const v1::JobEvent& event) override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (cancelled_) {
      return false;
    }
    writing_ = true;
    event_ = event;
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
  v1::JobEvent event_;
  std::thread thread_;  // last: it uses all of the above
};

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

class FakeServer::StylizationService final : public v1::Stylization::CallbackService {
 public:
  explicit StylizationService(FakeServer* server) : server_(server) {}
  grpc::ServerWriteReactor<v1::JobEvent>* Stylize(grpc::CallbackServerContext* /*context*/,
                                                  const v1::StylizeRequest* request) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->requests_.push_back(*request);
    server_->streams_.push_back(std::make_unique<StreamReactor>(server_->script_, *request));
    return server_->streams_.back().get();
  }
  grpc::ServerReadReactor<v1::UploadPictureRequest>* UploadPicture(
      grpc::CallbackServerContext* /*context*/, v1::UploadPictureResponse* response) override {
    return new UploadReactor(server_, response);
  }

 private:
  FakeServer* const server_;
};

class FakeServer::ModelsService final : public v1::Models::CallbackService {
 public:
  explicit ModelsService(FakeServer* server) : server_(server) {}

  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    ++server_->list_calls_;
    const std::vector<v1::Model>& models = server_->models_;
    const size_t start = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    const size_t size =
        static_cast<size_t>(request->page_size() > 0 ? request->page_size() : server_->page_size_);
    for (size_t i = start; i < std::min(start + size, models.size()); ++i) {
      *response->add_models() = models[i];
      response->mutable_models()->rbegin()->clear_layers();
    }
    if (server_->endless_models_) {
      response->set_next_page_token("0");
    } else if (start + size < models.size()) {
      response->set_next_page_token(std::to_string(start + size));
    }
    return Done(context, grpc::Status::OK);
  }
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const v1::GetModelRequest* request,
                                     v1::Model* response) override {
    return Done(context, Find(request->name(), response, [](v1::Model*) {}));
  }
  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context,
                                      const v1::LoadModelRequest* request, v1::Model* response) override {
    return Done(context,
                Find(request->name(), response, [](v1::Model* m) { m->set_state(v1::Model::STATE_LOADED); }));
  }
  grpc::ServerUnaryReactor* UnloadModel(grpc::CallbackServerContext* context,
                                        const v1::UnloadModelRequest* request, v1::Model* response) override {
    return Done(context, Find(request->name(), response,
                              [](v1::Model* m) { m->set_state(v1::Model::STATE_UNLOADED); }));
  }

 private:
  static grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const grpc::Status& status) {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }
  grpc::Status Find(const std::string& name, v1::Model* response,
                    const std::function<void(v1::Model*)>& change) {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    for (v1::Model& model : server_->models_) {
      if (model.name() == name) {
        change(&model);
        *response = model;
        return grpc::Status::OK;
      }
    }
    return {grpc::StatusCode::NOT_FOUND, "no model \"" + name + "\""};
  }

  FakeServer* const server_;
};

FakeServer::FakeServer(const std::string& address)
    : stylization_(std::make_unique<StylizationService>(this)),
      models_service_(std::make_unique<ModelsService>(this)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(stylization_.get());
  builder.RegisterService(models_service_.get());
  server_ = builder.BuildAndStart();
  address_ = address.rfind("unix:", 0) == 0 ? address : "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeServer::SetStylize(StylizeScript script) {
  const std::lock_guard<std::mutex> lock(mutex_);
  script_ = std::move(script);
}

void FakeServer::SetUploadStatus(grpc::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  upload_status_ = std::move(status);
}

void FakeServer::SetModels(std::vector<v1::Model> models, int page_size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  models_ = std::move(models);
  page_size_ = page_size;
}

void FakeServer::SetEndlessModels() {
  const std::lock_guard<std::mutex> lock(mutex_);
  endless_models_ = true;
}

std::vector<v1::StylizeRequest> FakeServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

std::vector<FakeUpload> FakeServer::uploads() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return uploads_;
}

int FakeServer::list_calls() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return list_calls_;
}

v1::JobEvent AcceptedEvent(const v1::Recipe& recipe, const std::vector<std::string>& warnings) {
  v1::JobEvent event;
  v1::Accepted& accepted = *event.mutable_accepted();
  accepted.set_job("jobs/1");
  *accepted.mutable_recipe() = recipe;
  accepted.set_width(4);
  accepted.set_height(3);
  for (const std::string& warning : warnings) {
    accepted.add_warnings(warning);
  }
  return event;
}

v1::JobEvent ProgressEvent(int iteration, int iterations, double total, double content, double style,
                           int elapsed_ms) {
  v1::JobEvent event;
  v1::Progress& progress = *event.mutable_progress();
  progress.set_iteration(iteration);
  progress.set_iterations(iterations);
  progress.set_total_loss(total);
  progress.set_content_loss(content);
  progress.set_style_loss(style);
  progress.mutable_elapsed()->set_seconds(elapsed_ms / 1000);
  progress.mutable_elapsed()->set_nanos(elapsed_ms % 1000 * 1000000);
  return event;
}

v1::JobEvent FinishedEvent(v1::Finished::State state) {
  v1::JobEvent event;
  event.mutable_finished()->set_state(state);
  return event;
}

std::vector<v1::PictureChunk> Chunks(std::string_view bytes, size_t chunk_bytes, v1::PictureFormat format) {
  std::vector<v1::PictureChunk> chunks;
  for (size_t offset = 0; offset < bytes.size(); offset += chunk_bytes) {
    v1::PictureChunk& chunk = chunks.emplace_back();
    if (offset == 0) {
      chunk.mutable_header()->set_format(format);
      chunk.mutable_header()->set_width(4);
      chunk.mutable_header()->set_height(3);
      chunk.mutable_header()->set_total_bytes(static_cast<int64_t>(bytes.size()));
    }
    chunk.set_offset(static_cast<int64_t>(offset));
    chunk.set_data(std::string(bytes.substr(offset, chunk_bytes)));
  }
  return chunks;
}

v1::JobEvent PreviewEvent(int iteration, const v1::PictureChunk& chunk) {
  v1::JobEvent event;
  event.mutable_preview()->set_iteration(iteration);
  *event.mutable_preview()->mutable_chunk() = chunk;
  return event;
}

v1::JobEvent ResultEvent(int iteration, double total_loss, const v1::PictureChunk& chunk) {
  v1::JobEvent event;
  event.mutable_result()->set_iteration(iteration);
  event.mutable_result()->set_total_loss(total_loss);
  *event.mutable_result()->mutable_chunk() = chunk;
  return event;
}

std::vector<v1::JobEvent> PreviewEvents(int iteration, std::string_view bytes, size_t chunk_bytes,
                                        v1::PictureFormat format) {
  std::vector<v1::JobEvent> events;
  for (const v1::PictureChunk& chunk : Chunks(bytes, chunk_bytes, format)) {
    events.push_back(PreviewEvent(iteration, chunk));
  }
  return events;
}

std::vector<v1::JobEvent> ResultEvents(int iteration, double total_loss, std::string_view bytes,
                                       size_t chunk_bytes, v1::PictureFormat format) {
  std::vector<v1::JobEvent> events;
  for (const v1::PictureChunk& chunk : Chunks(bytes, chunk_bytes, format)) {
    events.push_back(ResultEvent(iteration, total_loss, chunk));
  }
  return events;
}

grpc::Status StatusWithDetails(grpc::StatusCode code, const std::string& message, const std::string& field,
                               const std::string& reason) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(field);
  bad_request.mutable_field_violations(0)->set_description(message);
  details.add_details()->PackFrom(bad_request);
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason(reason);
  details.add_details()->PackFrom(info);
  return {code, message, details.SerializeAsString()};
}

}  // namespace impasto::testing
