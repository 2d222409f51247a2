#include "tests/testing/fake_service.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "google/protobuf/util/field_mask_util.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

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

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

std::string ClientOf(grpc::CallbackServerContext* context) {
  const auto found = context->client_metadata().find("impasto-client");
  return found == context->client_metadata().end() ? ""
                                                   : std::string(found->second.data(), found->second.size());
}

}  // namespace

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
  grpc::ServerWriteReactor<v1::JobEvent>* Stylize(grpc::CallbackServerContext* context,
                                                  const v1::StylizeRequest* request) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->requests_.push_back(*request);
    server_->clients_.push_back(ClientOf(context));
    std::function<grpc::Status(EventStream&)> script;
    if (server_->script_) {
      script = [script = server_->script_, request = *request](EventStream& stream) {
        return script(request, stream);
      };
    }
    server_->streams_.push_back(std::make_unique<StreamReactor>("", std::move(script)));
    return server_->streams_.back().get();
  }
  grpc::ServerWriteReactor<v1::JobEvent>* WatchJob(grpc::CallbackServerContext* context,
                                                   const v1::WatchJobRequest* request) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->watches_.push_back(*request);
    server_->clients_.push_back(ClientOf(context));
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
    server_->streams_.push_back(std::make_unique<StreamReactor>(request->name(), std::move(script)));
    return server_->streams_.back().get();
  }
  grpc::ServerReadReactor<v1::UploadPictureRequest>* UploadPicture(
      grpc::CallbackServerContext* /*context*/, v1::UploadPictureResponse* response) override {
    return new UploadReactor(server_, response);
  }

  grpc::ServerUnaryReactor* EstimateJob(grpc::CallbackServerContext* context,
                                        const v1::EstimateJobRequest* /*request*/,
                                        v1::EstimateJobResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->calls_.emplace_back("EstimateJob");
    *response = server_->estimate_;
    return Done(context, server_->unary_status_);
  }
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override {
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
    return Done(context, server_->unary_status_);
  }
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
                                   v1::Job* response) override {
    return Done(context, Change("GetJob", request->name(), response, [](v1::Job*) {}));
  }
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request, v1::Job* response) override {
    grpc::Status status = Change("CancelJob", request->name(), response, [](v1::Job* job) {
      if (!Ended(*job)) {
        job->set_state(v1::Job::STATE_CANCELLED);
      }
    });
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    for (const auto& stream : server_->streams_) {
      if (server_->unary_status_.ok() && stream->CancelJob(request->name())) {
        status = grpc::Status::OK;
      }
    }
    return Done(context, status);
  }
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
                                     v1::Job* response) override {
    return Done(context, Change("PauseJob", request->name(), response,
                                [](v1::Job* job) { job->set_state(v1::Job::STATE_PAUSED); }));
  }
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request, v1::Job* response) override {
    return Done(context, Change("ResumeJob", request->name(), response,
                                [](v1::Job* job) { job->set_state(v1::Job::STATE_RUNNING); }));
  }
  // Recipe fields of the mask become a change after the steps that are made.
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request, v1::Job* response) override {
    {
      const std::lock_guard<std::mutex> lock(server_->mutex_);
      server_->updates_.push_back(*request);
    }
    return Done(context, Change("UpdateJob", request->job().name(), response, [request](v1::Job* job) {
                  google::protobuf::util::FieldMaskUtil::MergeOptions options;
                  google::protobuf::util::FieldMaskUtil::MergeMessageTo(request->job(),
                                                                        request->update_mask(), options, job);
                  for (const std::string& path : request->update_mask().paths()) {
                    if (path.rfind("recipe.", 0) == 0) {
                      job->mutable_original_recipe()->add_changes()->set_iteration(job->iteration());
                      return;
                    }
                  }
                }));
  }
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      google::protobuf::Empty* /*response*/) override {
    v1::Job job;
    grpc::Status status = Change("DeleteJob", request->name(), &job, [](v1::Job*) {});
    if (status.ok() && !Ended(job)) {
      status = {grpc::StatusCode::FAILED_PRECONDITION,
                "\"" + job.name() + "\" hasn't ended: cancel it first"};
    }
    return Done(context, status);
  }

 private:
  grpc::Status Change(const std::string& method, const std::string& name, v1::Job* response,
                      const std::function<void(v1::Job*)>& change) {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->calls_.push_back(method + " " + name);
    if (!server_->unary_status_.ok()) {
      return server_->unary_status_;
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

  FakeServer* const server_;
};

class FakeServer::StylesService final : public v1::Styles::CallbackService {
 public:
  explicit StylesService(FakeServer* server) : server_(server) {}
  grpc::ServerUnaryReactor* CreateStyle(grpc::CallbackServerContext* context,
                                        const v1::CreateStyleRequest* request, v1::Style* response) override {
    const std::lock_guard<std::mutex> lock(server_->mutex_);
    server_->created_styles_.push_back(*request);
    response->set_name("styles/" + std::to_string(server_->created_styles_.size()));
    response->set_display_name(request->display_name());
    return Done(context, server_->unary_status_);
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
    return Done(context, server_->unary_status_);
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
        return server_->unary_status_;
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

FakeServer::FakeServer(const std::string& address)
    : stylization_(std::make_unique<StylizationService>(this)),
      models_service_(std::make_unique<ModelsService>(this)),
      styles_service_(std::make_unique<StylesService>(this)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.RegisterService(stylization_.get());
  builder.RegisterService(models_service_.get());
  builder.RegisterService(styles_service_.get());
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

void FakeServer::SetUnaryStatus(grpc::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  unary_status_ = std::move(status);
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

v1::JobEvent ChangedEvent(int iteration, double weight) {
  v1::JobEvent event;
  event.mutable_changed()->set_iteration(iteration);
  event.mutable_changed()->set_style_weight(weight);
  return event;
}

v1::JobEvent StateEvent(v1::Job::State state, int iteration, const std::string& reason) {
  v1::JobEvent event;
  event.mutable_state_changed()->set_state(state);
  event.mutable_state_changed()->set_iteration(iteration);
  event.mutable_state_changed()->set_reason(reason);
  return event;
}

std::vector<v1::JobEvent> Numbered(std::vector<v1::JobEvent> events) {
  int64_t sequence = 0;
  for (v1::JobEvent& event : events) {
    const v1::PictureChunk& chunk = event.has_preview() ? event.preview().chunk() : event.result().chunk();
    sequence += (event.has_preview() || event.has_result()) && chunk.offset() > 0 ? 0 : 1;
    event.set_sequence(sequence);
  }
  return events;
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

grpc::Status StatusWithFacts(grpc::StatusCode code, const std::string& message,
                             const std::map<std::string, std::string>& facts, int retry_seconds) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason("TEST");
  info.mutable_metadata()->insert(facts.begin(), facts.end());
  details.add_details()->PackFrom(info);
  if (retry_seconds != 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_seconds);
    details.add_details()->PackFrom(retry);
  }
  return {code, message, details.SerializeAsString()};
}

}  // namespace impasto::testing
