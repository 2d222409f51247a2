#include "rpc/server_service.h"

#include "rpc/calls.h"

namespace impasto::rpc {
namespace {

// What came after a revision was only added: clients of the first are still understood.
constexpr v1::ApiRevision kOldestClient = v1::API_REVISION_1;

}  // namespace

grpc::ServerUnaryReactor* ServerService::GetServerInfo(grpc::CallbackServerContext* context,
                                                       const v1::GetServerInfoRequest* request,
                                                       v1::ServerInfo* response) {
  return Answer(*callers_, context, [this, response](const Caller& caller) {
    response->set_version(facts_.version);
    response->set_api_revision(v1::ApiRevision_MAX);
    response->set_min_client_revision(kOldestClient);
    response->set_client(caller.client);
    response->set_max_request_bytes(facts_.max_request_bytes);
    response->set_max_picture_bytes(facts_.max_picture_bytes);
    response->set_requires_token(callers_->want_tokens());
    return absl::OkStatus();
  });
}

}  // namespace impasto::rpc
