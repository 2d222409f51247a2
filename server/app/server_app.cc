#include "app/server_app.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "app/access_files.h"
#include "base/files.h"
#include "base/status_macros.h"
#include "imaging/picture.h"
#include "jobs/sqlite/sqlite_journal.h"

namespace impasto::app {
namespace {

// How long a client may take to read the last events of its job.
constexpr std::chrono::milliseconds kGrace{2000};
// Where results are kept in memory, nobody expects a disk's worth of them.
constexpr int64_t kResultsInMemory = int64_t{256} << 20;
// How late an orphan's end, or the next try of a full disk, may be.
constexpr std::chrono::milliseconds kHousekeeping{500};

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
  const auto info = [](const std::string& line) { spdlog::info("{}", line); };
  const auto warn = [](const std::string& line) { spdlog::warn("{}", line); };
  IMPASTO_RETURN_IF_ERROR(CheckTlsFiles(config.tls, absl::Now(), warn));
  IMPASTO_ASSIGN_OR_RETURN(std::optional<rpc::AccessTokens> tokens, ReadTokenFile(config.token_file, warn));
  IMPASTO_RETURN_IF_ERROR(app->OpenState());
  const std::string styles = app->state_dir_ == nullptr ? "" : JoinPath(app->state_dir_->path(), "styles");
  app->uploads_ = std::make_unique<UploadStore>(UploadStore::Options{.clock = &app->clock_});
  app->models_ = std::make_unique<ModelRegistry>(
      ModelRegistry::Options{.weights_dir = config.weights_dir,
                             .device = config.device,
                             .allow_random_weights = config.allow_random_weights,
                             .log = info,
                             .warn = warn});
  app->styles_ = std::make_unique<StyleLibrary>(
      StyleLibrary::Options{.folder = styles, .uploads = app->uploads_.get(), .warn = warn});
  app->statistics_ = std::make_unique<StyleStatisticsCache>(StyleStatisticsCache::Options{
      .folder = styles.empty() ? "" : JoinPath(styles, "statistics"), .warn = warn});
  app->factory_ =
      std::make_unique<StylizeFactory>(StylizeFactory::Options{.models = app->models_.get(),
                                                               .uploads = app->uploads_.get(),
                                                               .styles = app->styles_.get(),
                                                               .statistics = app->statistics_.get(),
                                                               .memory_budget = config.memory_budget});
  IMPASTO_ASSIGN_OR_RETURN(
      app->scheduler_,
      jobs::Scheduler::Create(
          {.clock = &app->clock_,
           .journal = app->journal_.get(),
           .factory = app->factory_.get(),
           .journal_lasts = app->journal_lasts_,
           .memory_budget = config.memory_budget,
           .max_jobs_per_client = config.max_jobs_per_client,
           .orphan_grace_seconds = config.orphan_grace_seconds,
           .checkpoint_seconds = config.checkpoint_seconds,
           .keep_results_seconds = config.keep_results_seconds,
           .keep_results_bytes = app->journal_lasts_ ? config.keep_results_bytes
                                                     : std::min(config.keep_results_bytes, kResultsInMemory),
           .log = info}));
  app->housekeeper_ = std::thread([app = app.get()] { app->Housekeep(); });
  app->stylization_ = std::make_unique<StylizeBackend>(app->scheduler_.get(), app->factory_.get());
  IMPASTO_ASSIGN_OR_RETURN(app->server_, rpc::Server::Start({.listen = config.listen,
                                                             .max_request_bytes = config.max_request_bytes,
                                                             .version = IMPASTO_VERSION,
                                                             .tokens = std::move(tokens),
                                                             .tls = config.tls,
                                                             .stylization = app->stylization_.get(),
                                                             .uploads = app->uploads_.get(),
                                                             .models = app->models_.get(),
                                                             .styles = app->styles_.get()}));
  spdlog::info("listening on {}", app->server_->address());
  if (config.tls.has_value()) spdlog::info("connections are encrypted with {}", config.tls->certificate);
  if (!config.token_file.empty()) spdlog::info("calls need an access token of {}", config.token_file);
  if (!config.port_file.empty())
    IMPASTO_RETURN_IF_ERROR(WritePortFile(config.port_file, app->server_->port()));
  return app;
}

ServerApp::~ServerApp() {
  Stop();
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    stopped_changed_.NotifyAll();
  }
  if (housekeeper_.joinable()) housekeeper_.join();
}

absl::Status ServerApp::OpenState() {
  if (!config_.state_dir.empty()) {
    const auto opened = [&]() -> absl::Status {
      IMPASTO_ASSIGN_OR_RETURN(state_dir_, jobs::StateDir::Open(config_.state_dir));
      IMPASTO_ASSIGN_OR_RETURN(
          journal_, jobs::OpenSqliteJournal(
                        state_dir_, {.log = [](const std::string& line) { spdlog::warn("{}", line); }}));
      return absl::OkStatus();
    }();
    journal_lasts_ = opened.ok();
    if (opened.ok()) return absl::OkStatus();
    // What goes away by itself, or with a disk, mustn't keep people from painting.
    if (!absl::IsResourceExhausted(opened) && !absl::IsUnavailable(opened)) {
      return absl::Status(opened.code(), absl::StrCat("--state-dir: ", opened.message()));
    }
    spdlog::error("--state-dir: {}; jobs are kept in memory alone", std::string(opened.message()));
    state_dir_ = nullptr;
  }
  journal_ = jobs::MakeMemoryJournal();
  return absl::OkStatus();
}

void ServerApp::Housekeep() {
  for (;;) {
    scheduler_->Housekeep();
    MutexLock lock(&mutex_);
    if (!stopped_) stopped_changed_.WaitFor(&mutex_, kHousekeeping);
    if (stopped_) return;
  }
}

absl::Status ServerApp::LoadModels() {
  const double start = clock_.NowSeconds();
  IMPASTO_RETURN_IF_ERROR(models_->LoadAtStart(config_.models));
  MutexLock lock(&mutex_);
  if (stopping_) return absl::OkStatus();
  scheduler_->TakeUp();
  server_->SetServing(true);
  spdlog::info("serving; the models took {:.1f} s", clock_.NowSeconds() - start);
  return absl::OkStatus();
}

void ServerApp::Stop() {
  if (server_ == nullptr) return;  // Create failed on the way
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    scheduler_->Close();  // first: who sees the health change has no job taken any more
    server_->SetServing(false);
  }
  scheduler_->Drain(config_.drain_seconds);
  scheduler_->Stop();
  server_->Shutdown(kGrace);
}

void ServerApp::Hurry() { scheduler_->Hurry(); }

}  // namespace impasto::app
