// What the services need from the program; app implements it. Errors are absl::Status; rpc turns them into
// gRPC's once, at the edge. A status may carry the field at fault: see base/field_error.h; and facts for
// programs and when to try again: see base/error_details.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/styles.pb.h"
#include "impasto/v1/stylization.pb.h"
#include "jobs/job.h"

namespace impasto::rpc {

// Thread-safe. `name` is the resource name, "jobs/...". Requests are checked by rpc/validation.h.
class StylizationBackend {
 public:
  virtual ~StylizationBackend() = default;
  // Starts a job, or finds the one with the same request_id. `client`: whose it is, see v1::Job.client. Never
  // blocks: everything that takes time or can be wrong with the request is the job's preparation.
  virtual absl::StatusOr<std::unique_ptr<jobs::Watch>> Stylize(
      std::shared_ptr<const v1::StylizeRequest> request, const std::string& client) = 0;
  // Never blocks, and so do the next five but for a moment's wait for a lock.
  virtual std::vector<v1::Job> ListJobs() = 0;  // in no order
  virtual absl::StatusOr<v1::Job> GetJob(const std::string& name) = 0;
  virtual absl::StatusOr<v1::Job> CancelJob(const std::string& name) = 0;
  virtual absl::StatusOr<v1::Job> PauseJob(const std::string& name) = 0;
  virtual absl::StatusOr<v1::Job> ResumeJob(const std::string& name) = 0;
  // `done` is called once, on any thread, maybe before this returns: after the job's current step, and the
  // journal.
  virtual void UpdateJob(const v1::UpdateJobRequest& request,
                         std::function<void(absl::StatusOr<v1::Job>)> done) = 0;
  // The rest may take as long as decoding a picture or reading a disk.
  virtual absl::StatusOr<std::unique_ptr<jobs::Watch>> WatchJob(const std::string& name,
                                                                int64_t after_event) = 0;
  virtual absl::Status DeleteJob(const std::string& name) = 0;
  virtual absl::StatusOr<v1::EstimateJobResponse> EstimateJob(const v1::StylizeRequest& request) = 0;
};

// One upload on its way. Not thread-safe. Dropped unfinished, it leaves nothing behind.
class UploadWriter {
 public:
  virtual ~UploadWriter() = default;
  virtual absl::Status Append(const v1::UploadPictureRequest& part) = 0;
  // Checks the whole (decodes the header; may take milliseconds) and names it.
  virtual absl::StatusOr<v1::UploadPictureResponse> Finish() = 0;
};

// Thread-safe.
class UploadBackend {
 public:
  virtual ~UploadBackend() = default;
  virtual std::unique_ptr<UploadWriter> StartUpload() = 0;
  virtual int64_t max_picture_bytes() const = 0;
};

// Thread-safe. `name` is the resource name, "models/vgg19".
class ModelsBackend {
 public:
  virtual ~ModelsBackend() = default;
  virtual std::vector<v1::Model> ListModels() = 0;  // in the preferred order, without layers
  virtual absl::StatusOr<v1::Model> GetModel(const std::string& name) = 0;
  virtual absl::StatusOr<v1::Model> LoadModel(const std::string& name) = 0;  // seconds
  virtual absl::StatusOr<v1::Model> UnloadModel(const std::string& name) = 0;
};

// Thread-safe. `name` is the resource name, "styles/...". Each may take as long as decoding a picture or
// reading a disk.
class StylesBackend {
 public:
  virtual ~StylesBackend() = default;
  virtual absl::StatusOr<v1::Style> CreateStyle(const v1::CreateStyleRequest& request) = 0;
  virtual absl::StatusOr<v1::Style> GetStyle(const std::string& name) = 0;
  virtual std::vector<v1::Style> ListStyles() = 0;  // the newest first
  virtual absl::Status DeleteStyle(const std::string& name) = 0;
};

}  // namespace impasto::rpc
