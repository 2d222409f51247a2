// impasto.v1.Server.
#pragma once

#include <cstdint>
#include <string>

#include "impasto/v1/server.grpc.pb.h"
#include "rpc/callers.h"

namespace impasto::rpc {

// Thread-safe. Answers at once.
class ServerService final : public v1::Server::CallbackService {
 public:
  struct Facts {
    std::string version;
    int64_t max_request_bytes = 0;
    int64_t max_picture_bytes = 0;
  };

  // `callers` outlives the service.
  ServerService(Facts facts, const Callers* callers) : facts_(std::move(facts)), callers_(callers) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::ServerInfo* response) override;

 private:
  const Facts facts_;
  const Callers* const callers_;
};

}  // namespace impasto::rpc
