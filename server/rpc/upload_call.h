// One UploadPicture call.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "impasto/v1/stylization.pb.h"
#include "rpc/backend.h"
#include "rpc/place.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Reads an upload part by part, then has it checked by a worker. Deletes itself when the call has ended.
class UploadCall final : public grpc::ServerReadReactor<v1::UploadPictureRequest> {
 public:
  UploadCall(grpc::CallbackServerContext* context, std::unique_ptr<UploadWriter> writer, Worker* checker,
             v1::UploadPictureResponse* response, std::unique_ptr<Place> place)
      : context_(context),
        checker_(checker),
        response_(response),
        place_(std::move(place)),
        writer_(std::move(writer)) {}

  void Start() { ReadNext(); }

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  // These are the last statement of whoever calls them: the call may be gone when they return.
  void ReadNext();
  void Check();
  void End(const absl::Status& status);

  grpc::CallbackServerContext* const context_;
  Worker* const checker_;
  v1::UploadPictureResponse* const response_;
  const std::unique_ptr<Place> place_;
  // Touched by one callback at a time.
  std::unique_ptr<UploadWriter> writer_;
  std::unique_ptr<v1::UploadPictureRequest> part_;
  bool first_ = true;
};

}  // namespace impasto::rpc
