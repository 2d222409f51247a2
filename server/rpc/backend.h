// What the services need from the program; app implements it. Errors are absl::Status; rpc turns them into
// gRPC's once, at the edge. A status may carry the field at fault: see base/field_error.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/stylization.pb.h"
#include "jobs/job.h"

namespace impasto::rpc {

// Thread-safe.
class StylizationBackend {
 public:
  virtual ~StylizationBackend() = default;
  // Starts a job. Never blocks: everything that takes time or can be wrong with the request is the job's
  // preparation.
  virtual absl::StatusOr<std::shared_ptr<jobs::Job>> Stylize(
      std::shared_ptr<const v1::StylizeRequest> request) = 0;
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

}  // namespace impasto::rpc
