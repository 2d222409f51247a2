#include "rpc/models_service.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "rpc/calls.h"
#include "rpc/index_pages.h"
#include "rpc/validation.h"

namespace impasto::rpc {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 100;

absl::Status ListPage(ModelsBackend& backend, const v1::ListModelsRequest& request,
                      v1::ListModelsResponse* response) {
  IMPASTO_ASSIGN_OR_RETURN(const int page_size,
                           PageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  std::vector<v1::Model> models = backend.ListModels();
  IMPASTO_ASSIGN_OR_RETURN(const IndexPage page, GetIndexPage("models", static_cast<int>(models.size()),
                                                              page_size, request.page_token()));
  for (int i = page.first; i < page.end; ++i) *response->add_models() = std::move(models[i]);
  response->set_next_page_token(page.next_token);
  return absl::OkStatus();
}

// What a call for one model does: checks the name, and asks the backend.
template <typename Request>
std::function<absl::Status(const Caller&)> ForModel(
    ModelsBackend* backend, absl::StatusOr<v1::Model> (ModelsBackend::*method)(const std::string&),
    const Request* request, v1::Model* response) {
  return [=](const Caller&) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(ValidateModelName(request->name()));
    IMPASTO_ASSIGN_OR_RETURN(*response, (backend->*method)(request->name()));
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* ModelsService::ListModels(grpc::CallbackServerContext* context,
                                                    const v1::ListModelsRequest* request,
                                                    v1::ListModelsResponse* response) {
  return AnswerOn(reader_, *callers_, context,
                  [=, this](const Caller&) { return ListPage(*backend_, *request, response); });
}

grpc::ServerUnaryReactor* ModelsService::GetModel(grpc::CallbackServerContext* context,
                                                  const v1::GetModelRequest* request, v1::Model* response) {
  return AnswerOn(reader_, *callers_, context,
                  ForModel(backend_, &ModelsBackend::GetModel, request, response));
}

grpc::ServerUnaryReactor* ModelsService::LoadModel(grpc::CallbackServerContext* context,
                                                   const v1::LoadModelRequest* request, v1::Model* response) {
  return AnswerOn(loader_, *callers_, context,
                  ForModel(backend_, &ModelsBackend::LoadModel, request, response));
}

grpc::ServerUnaryReactor* ModelsService::UnloadModel(grpc::CallbackServerContext* context,
                                                     const v1::UnloadModelRequest* request,
                                                     v1::Model* response) {
  return AnswerOn(loader_, *callers_, context,
                  ForModel(backend_, &ModelsBackend::UnloadModel, request, response));
}

}  // namespace impasto::rpc
