// impasto.v1.Models.
#pragma once

#include "impasto/v1/models.grpc.pb.h"
#include "rpc/backend.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Thread-safe. Never blocks gRPC's threads: loading runs on `loader`.
class ModelsService final : public v1::Models::CallbackService {
 public:
  // Both outlive the service.
  ModelsService(ModelsBackend* backend, Worker* loader) : backend_(backend), loader_(loader) {}

  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const v1::GetModelRequest* request,
                                     v1::Model* response) override;
  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context,
                                      const v1::LoadModelRequest* request, v1::Model* response) override;
  grpc::ServerUnaryReactor* UnloadModel(grpc::CallbackServerContext* context,
                                        const v1::UnloadModelRequest* request, v1::Model* response) override;

 private:
  ModelsBackend* const backend_;
  Worker* const loader_;
};

}  // namespace impasto::rpc
