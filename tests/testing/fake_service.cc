#include "tests/testing/fake_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <grpcpp/server_builder.h>

#include "tests/testing/fake_stylization.h"

namespace impasto::testing {

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

std::string MetadataOf(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end() ? ""
                                                  : std::string(found->second.data(), found->second.size());
}

class FakeServer::StylesService final : public v1::Styles::CallbackService {
 public:
  explicit StylesService(FakeServer* server) : server_(server) {}
  grpc::ServerUnaryReactor* CreateStyle(grpc::CallbackServerContext* context,
                                        const v1::CreateStyleRequest* request, v1::Style* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->created_styles_.push_back(*request);
    response->set_name("styles/" + std::to_string(server_->created_styles_.size()));
    response->set_display_name(request->display_name());
    return Done(context, server_->NextUnaryStatus());
  }
  grpc::ServerUnaryReactor* GetStyle(grpc::CallbackServerContext* context, const v1::GetStyleRequest* request,
                                     v1::Style* response) override {
    return Done(context, Find("GetStyle", request->name(), response));
  }
  grpc::ServerUnaryReactor* ListStyles(grpc::CallbackServerContext* context,
                                       const v1::ListStylesRequest* request,
                                       v1::ListStylesResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    const size_t index = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    if (index < server_->styles_.size()) {
      *response->add_styles() = server_->styles_[index];
    }
    if (index + 1 < server_->styles_.size()) {
      response->set_next_page_token(std::to_string(index + 1));
    }
    return Done(context, server_->NextUnaryStatus());
  }
  grpc::ServerUnaryReactor* DeleteStyle(grpc::CallbackServerContext* context,
                                        const v1::DeleteStyleRequest* request,
                                        google::protobuf::Empty* /*response*/) override {
    v1::Style style;
    return Done(context, Find("DeleteStyle", request->name(), &style));
  }

 private:
  grpc::Status Find(const std::string& method, const std::string& name, v1::Style* response) {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->calls_.push_back(method + " " + name);
    for (const v1::Style& style : server_->styles_) {
      if (style.name() == name) {
        *response = style;
        return server_->NextUnaryStatus();
      }
    }
    return {grpc::StatusCode::NOT_FOUND, "no style \"" + name + "\""};
  }

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

class FakeServer::ServerService final : public v1::Server::CallbackService {
 public:
  explicit ServerService(FakeServer* server) : server_(server) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* /*request*/,
                                          v1::ServerInfo* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    const std::string authorization = MetadataOf(*context, "authorization");
    server_->authorizations_.push_back(authorization);
    if (!server_->token_.empty() && authorization != "Bearer " + server_->token_) {
      return Done(context, {grpc::StatusCode::UNAUTHENTICATED, "the access token is missing or unknown"});
    }
    *response = server_->info_;
    if (response->client().empty()) {
      response->set_client(MetadataOf(*context, "impasto-client"));
    }
    return Done(context, server_->info_status_);
  }

 private:
  FakeServer* const server_;
};

FakeServer::FakeServer(const std::string& address, std::shared_ptr<grpc::ServerCredentials> credentials)
    : stylization_(std::make_unique<StylizationService>(this)),
      models_service_(std::make_unique<ModelsService>(this)),
      styles_service_(std::make_unique<StylesService>(this)),
      server_service_(std::make_unique<ServerService>(this)) {
  info_.set_version("1.2.3");
  info_.set_api_revision(v1::ApiRevision_MAX);
  info_.set_min_client_revision(v1::ApiRevision_MAX);
  info_.set_max_request_bytes(64 << 20);
  info_.set_max_picture_bytes(256 << 20);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, std::move(credentials), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(stylization_.get());
  builder.RegisterService(models_service_.get());
  builder.RegisterService(styles_service_.get());
  builder.RegisterService(server_service_.get());
  server_ = builder.BuildAndStart();
  address_ = address.rfind("unix:", 0) == 0 ? address : "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() {
  for (grpc::ServerUnaryReactor* const reactor : held_) {
    reactor->Finish(grpc::Status::CANCELLED);
  }
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeServer::SetStylize(StylizeScript script) {
  const std::lock_guard<std::mutex> lock(mutex_);
  script_ = std::move(script);
}

void FakeServer::SetWatch(WatchScript script) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watch_script_ = std::move(script);
}

void FakeServer::SetEstimate(v1::EstimateJobResponse estimate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  estimate_ = std::move(estimate);
}

void FakeServer::SetStyles(std::vector<v1::Style> styles) {
  const std::lock_guard<std::mutex> lock(mutex_);
  styles_ = std::move(styles);
}

void FakeServer::SetUnaryStatus(grpc::Status status, int calls) {
  const std::lock_guard<std::mutex> lock(mutex_);
  unary_status_ = std::move(status);
  unary_status_calls_ = calls;
}

grpc::Status FakeServer::NextUnaryStatus() {
  return unary_status_calls_ > 0 && unary_status_calls_-- > 0 ? unary_status_ : grpc::Status::OK;
}

void FakeServer::HoldGetJob() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hold_get_job_ = true;
}

void FakeServer::SetServerInfo(v1::ServerInfo info, grpc::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  info_ = std::move(info);
  info_status_ = std::move(status);
}

void FakeServer::SetToken(std::string token) {
  const std::lock_guard<std::mutex> lock(mutex_);
  token_ = std::move(token);
}

void FakeServer::SetEvents(const std::string& job, std::vector<v1::JobEvent> events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  logs_[job] = std::move(events);
}

void FakeServer::SetJobs(std::vector<v1::Job> jobs, int page_size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  jobs_ = std::move(jobs);
  jobs_page_size_ = page_size;
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

std::vector<v1::WatchJobRequest> FakeServer::watches() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return watches_;
}

std::vector<v1::ListJobsRequest> FakeServer::lists() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return lists_;
}

std::vector<v1::UpdateJobRequest> FakeServer::updates() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return updates_;
}

std::vector<v1::CreateStyleRequest> FakeServer::created_styles() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return created_styles_;
}

std::vector<std::string> FakeServer::calls() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return calls_;
}

std::vector<std::string> FakeServer::clients() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return clients_;
}

std::vector<std::string> FakeServer::authorizations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return authorizations_;
}

std::vector<FakeUpload> FakeServer::uploads() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return uploads_;
}

int FakeServer::list_calls() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return list_calls_;
}

}  // namespace impasto::testing
