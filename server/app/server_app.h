// The program put together: models, jobs, uploads and the gRPC server, from start to stop.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/model_registry.h"
#include "app/stylize_backend.h"
#include "app/upload_store.h"
#include "base/clock.h"
#include "jobs/scheduler.h"
#include "rpc/server.h"

namespace impasto::app {

// Thread-compatible, but Stop may be called while LoadModels is under way.
class ServerApp {
 public:
  // Binds the port, writes the port file, answers calls; health says NOT_SERVING. Errors are those of
  // rpc::Server::Start and of the port file.
  static absl::StatusOr<std::unique_ptr<ServerApp>> Create(const Config& config);
  ~ServerApp();

  // Loads the models, warms them up, and turns health to SERVING. Seconds. Errors are those of
  // ModelRegistry::LoadAtStart.
  absl::Status LoadModels();

  // Health turns to NOT_SERVING, jobs are cancelled, calls ended. Takes a step of the running job, and the
  // grace of a few seconds for clients that read slowly.
  void Stop();

 private:
  ServerApp() = default;

  Config config_;
  SteadyClock clock_;
  // In the order of who needs whom: the last is destroyed first.
  std::unique_ptr<UploadStore> uploads_;
  std::unique_ptr<ModelRegistry> models_;
  std::unique_ptr<jobs::Scheduler> scheduler_;
  std::unique_ptr<StylizeBackend> stylization_;
  std::unique_ptr<rpc::Server> server_;
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace impasto::app
