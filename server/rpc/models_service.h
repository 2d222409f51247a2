// impasto.v1.Models.
#pragma once

#include "impasto/v1/models.grpc.pb.h"
#include "rpc/backend.h"
#include "rpc/callers.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Thread-safe. Never blocks gRPC's threads: the calls run on workers.
class ModelsService final : public v1::Models::CallbackService {
 public:
  // `loader` is for what takes seconds, `reader` for what takes milliseconds (it may look into the weights
  // folder). All outlive the service.
  ModelsService(const Callers* callers, ModelsBackend* backend, Worker* loader, Worker* reader)
      : callers_(callers), backend_(backend), loader_(loader), reader_(reader) {}

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
  const Callers* const callers_;
  ModelsBackend* const backend_;
  Worker* const loader_;
  Worker* const reader_;
};

}  // namespace impasto::rpc
