// impasto.v1.Stylization.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "impasto/v1/stylization.grpc.pb.h"
#include "rpc/backend.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Thread-safe. Never blocks gRPC's threads: finished uploads are checked on `checker`.
class StylizationService final : public v1::Stylization::CallbackService {
 public:
  struct Limits {
    int stylize_calls = 256;
    int upload_calls = 64;
    // Of requests whose jobs aren't prepared yet: a full queue of 64 MiB each would be too much.
    int64_t waiting_request_bytes = int64_t{1} << 30;
  };

  // All outlive the service.
  StylizationService(StylizationBackend* backend, UploadBackend* uploads, Worker* checker, Limits limits)
      : backend_(backend), uploads_(uploads), checker_(checker), limits_(limits) {}

  grpc::ServerWriteReactor<v1::JobEvent>* Stylize(grpc::CallbackServerContext* context,
                                                  const v1::StylizeRequest* request) override;
  grpc::ServerReadReactor<v1::UploadPictureRequest>* UploadPicture(
      grpc::CallbackServerContext* context, v1::UploadPictureResponse* response) override;

 private:
  absl::StatusOr<std::shared_ptr<jobs::Job>> StartJob(v1::StylizeRequest* request);

  StylizationBackend* const backend_;
  UploadBackend* const uploads_;
  Worker* const checker_;
  const Limits limits_;
  std::atomic<int> stylize_calls_{0};
  std::atomic<int> upload_calls_{0};
  // Shared with the requests, which may outlive the service.
  const std::shared_ptr<std::atomic<int64_t>> waiting_request_bytes_ =
      std::make_shared<std::atomic<int64_t>>(0);
};

}  // namespace impasto::rpc
