// The program put together: models, styles, jobs with their journal, uploads and the gRPC server, from start
// to stop.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/model_registry.h"
#include "app/style_library.h"
#include "app/style_statistics_cache.h"
#include "app/stylize_backend.h"
#include "app/stylize_factory.h"
#include "app/upload_store.h"
#include "base/clock.h"
#include "jobs/journal.h"
#include "jobs/scheduler.h"
#include "jobs/sqlite/state_dir.h"
#include "rpc/server.h"

namespace impasto::app {

// Thread-compatible, but Stop and Hurry may be called while LoadModels is under way, and Hurry while Stop is.
class ServerApp {
 public:
  // Opens the state directory, binds the port, writes the port file, answers calls; health says NOT_SERVING.
  // Errors are those of jobs::StateDir::Open, a journal of a newer version, rpc::Server::Start and the port
  // file. A damaged journal or a full disk is none: it is reported in the log.
  static absl::StatusOr<std::unique_ptr<ServerApp>> Create(const Config& config);
  ~ServerApp();

  // Loads the models, warms them up, lets the journal's unfinished jobs go on, and turns health to SERVING.
  // Seconds. Errors are those of ModelRegistry::LoadAtStart.
  absl::Status LoadModels();

  // Health turns to NOT_SERVING, no new jobs are taken, interactive ones get their time to end, all others
  // are written down (or cancelled, where there is no state directory); calls are ended. Takes a step of the
  // running job besides, and the grace of a few seconds for clients that read slowly.
  void Stop();
  // Interactive jobs get no more time.
  void Hurry();

 private:
  ServerApp() = default;
  absl::Status OpenState();
  void Housekeep();

  Config config_;
  SteadyClock clock_;
  // In the order of who needs whom: the last is destroyed first.
  std::shared_ptr<const jobs::StateDir> state_dir_;  // null: none
  std::unique_ptr<jobs::Journal> journal_;
  bool journal_lasts_ = false;
  std::unique_ptr<UploadStore> uploads_;
  std::unique_ptr<ModelRegistry> models_;
  std::unique_ptr<StyleLibrary> styles_;
  std::unique_ptr<StyleStatisticsCache> statistics_;
  std::unique_ptr<StylizeFactory> factory_;
  std::unique_ptr<jobs::Scheduler> scheduler_;
  std::unique_ptr<StylizeBackend> stylization_;
  std::unique_ptr<rpc::Server> server_;
  Mutex mutex_;
  CondVar stopped_changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // ends the housekeeper
  std::thread housekeeper_;
};

}  // namespace impasto::app
