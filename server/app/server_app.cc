#include "app/server_app.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "imaging/picture.h"

namespace impasto::app {
namespace {

// How long a client may take to read the last events of its job.
constexpr std::chrono::milliseconds kGrace{2000};

// Whoever waits for the file never sees half of it.
absl::Status WritePortFile(const std::string& path, int port) {
  const std::string temporary = absl::StrCat(path, ".new");
  std::ofstream out(temporary, std::ios::trunc);
  out << port << "\n";
  out.close();
  if (!out || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("--port-file: can't write ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerApp>> ServerApp::Create(const Config& config) {
  std::unique_ptr<ServerApp> app(new ServerApp);
  app->config_ = config;
  // Decoding shares the processor with the engine's threads: one thread each keeps a preparation from slowing
  // the running job down.
  IMPASTO_RETURN_IF_ERROR(imaging::Init(/*threads=*/1));
  app->uploads_ = std::make_unique<UploadStore>(UploadStore::Options{.clock = &app->clock_});
  app->models_ = std::make_unique<ModelRegistry>(
      ModelRegistry::Options{.weights_dir = config.weights_dir,
                             .device = config.device,
                             .allow_random_weights = config.allow_random_weights,
                             .log = [](const std::string& line) { spdlog::info("{}", line); },
                             .warn = [](const std::string& line) { spdlog::warn("{}", line); }});
  IMPASTO_ASSIGN_OR_RETURN(
      app->scheduler_, jobs::Scheduler::Create({.clock = &app->clock_, .log = [](const std::string& line) {
                                                  spdlog::info("{}", line);
                                                }}));
  app->stylization_ = std::make_unique<StylizeBackend>(StylizeBackend::Options{
      .scheduler = app->scheduler_.get(), .models = app->models_.get(), .uploads = app->uploads_.get()});
  IMPASTO_ASSIGN_OR_RETURN(app->server_, rpc::Server::Start({.listen = config.listen,
                                                             .max_request_bytes = config.max_request_bytes,
                                                             .stylization = app->stylization_.get(),
                                                             .uploads = app->uploads_.get(),
                                                             .models = app->models_.get()}));
  spdlog::info("listening on {}", app->server_->address());
  if (!config.port_file.empty())
    IMPASTO_RETURN_IF_ERROR(WritePortFile(config.port_file, app->server_->port()));
  return app;
}

ServerApp::~ServerApp() { Stop(); }

absl::Status ServerApp::LoadModels() {
  const double start = clock_.NowSeconds();
  IMPASTO_RETURN_IF_ERROR(models_->LoadAtStart(config_.models));
  MutexLock lock(&mutex_);
  if (stopping_) return absl::OkStatus();
  server_->SetServing(true);
  spdlog::info("serving; the models took {:.1f} s", clock_.NowSeconds() - start);
  return absl::OkStatus();
}

void ServerApp::Stop() {
  if (server_ == nullptr) return;  // Create failed on the way
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    server_->SetServing(false);
  }
  scheduler_->Stop();
  server_->Shutdown(kGrace);
}

}  // namespace impasto::app
