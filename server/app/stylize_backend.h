// Turns a StylizeRequest into a job: finds its model and pictures, fills its recipe in, and refuses what
// can't work.
#pragma once

#include <memory>

#include "app/model_registry.h"
#include "app/upload_store.h"
#include "imaging/picture.h"
#include "jobs/scheduler.h"
#include "rpc/backend.h"

namespace impasto::app {

// Thread-safe.
class StylizeBackend final : public rpc::StylizationBackend {
 public:
  struct Options {
    // All required; they outlive the backend and its jobs.
    jobs::Scheduler* scheduler = nullptr;
    ModelRegistry* models = nullptr;
    UploadStore* uploads = nullptr;
    imaging::Limits limits;
  };
  explicit StylizeBackend(const Options& options) : options_(options) {}

  absl::StatusOr<std::shared_ptr<jobs::Job>> Stylize(
      std::shared_ptr<const v1::StylizeRequest> request) override;

  // What Stylize has the scheduler call, on one of its threads. The request is one that
  // rpc::ValidateStylizeRequest has nothing against. Errors are those of Stylization.Stylize.
  absl::StatusOr<jobs::PreparedJob> Prepare(const v1::StylizeRequest& request) const;

 private:
  absl::StatusOr<imaging::Picture> ReadPicture(const v1::Picture& picture) const;

  const Options options_;
};

}  // namespace impasto::app
