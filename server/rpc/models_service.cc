#include "rpc/models_service.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/status.h"
#include "rpc/validation.h"

namespace impasto::rpc {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 100;
// A token is this and the index of the page's first model, in base64 so that nobody takes it for more than it
// is.
constexpr absl::string_view kTokenPrefix = "models from ";

std::string MakePageToken(int first) { return absl::WebSafeBase64Escape(absl::StrCat(kTokenPrefix, first)); }

absl::StatusOr<int> ReadPageToken(const std::string& token, int models) {
  if (token.empty()) return 0;
  std::string text;
  int first = 0;
  const bool readable = absl::WebSafeBase64Unescape(token, &text) && absl::StartsWith(text, kTokenPrefix) &&
                        absl::SimpleAtoi(absl::string_view(text).substr(kTokenPrefix.size()), &first);
  if (!readable || first < 1 || first >= models || MakePageToken(first) != token) {
    return FieldError("page_token", "is not a next_page_token of this server");
  }
  return first;
}

absl::Status ListPage(ModelsBackend& backend, const v1::ListModelsRequest& request,
                      v1::ListModelsResponse* response) {
  if (request.page_size() < 0) {
    return FieldError("page_size", absl::StrCat(request.page_size(), " is negative"));
  }
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : std::min(request.page_size(), kMaxPageSize);
  std::vector<v1::Model> models = backend.ListModels();
  const int count = static_cast<int>(models.size());
  IMPASTO_ASSIGN_OR_RETURN(const int first, ReadPageToken(request.page_token(), count));
  const int end = std::min(count, first + page_size);
  for (int i = first; i < end; ++i) *response->add_models() = std::move(models[i]);
  if (end < count) response->set_next_page_token(MakePageToken(end));
  return absl::OkStatus();
}

// Ends the call with the model or the reason why not.
void FinishWith(grpc::ServerUnaryReactor* reactor, absl::StatusOr<v1::Model> model, v1::Model* response) {
  if (model.ok()) *response = *std::move(model);
  reactor->Finish(ToGrpcStatus(model.status()));
}

// Runs `call` on the worker. The request, the response and the reactor live until the reactor's Finish.
void FinishOn(Worker& worker, grpc::ServerUnaryReactor* reactor, v1::Model* response,
              std::function<absl::StatusOr<v1::Model>()> call) {
  const bool posted =
      worker.TryPost([reactor, response, call = std::move(call)] { FinishWith(reactor, call(), response); });
  if (!posted) {
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(
        "too many models are waiting to be loaded or unloaded; try again later")));
  }
}

}  // namespace

grpc::ServerUnaryReactor* ModelsService::ListModels(grpc::CallbackServerContext* context,
                                                    const v1::ListModelsRequest* request,
                                                    v1::ListModelsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(ListPage(*backend_, *request, response)));
  return reactor;
}

grpc::ServerUnaryReactor* ModelsService::GetModel(grpc::CallbackServerContext* context,
                                                  const v1::GetModelRequest* request, v1::Model* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status valid = ValidateModelName(request->name());
  FinishWith(reactor, valid.ok() ? backend_->GetModel(request->name()) : valid, response);
  return reactor;
}

grpc::ServerUnaryReactor* ModelsService::LoadModel(grpc::CallbackServerContext* context,
                                                   const v1::LoadModelRequest* request, v1::Model* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status valid = ValidateModelName(request->name()); !valid.ok()) {
    reactor->Finish(ToGrpcStatus(valid));
  } else {
    FinishOn(*loader_, reactor, response,
             [this, name = request->name()] { return backend_->LoadModel(name); });
  }
  return reactor;
}

grpc::ServerUnaryReactor* ModelsService::UnloadModel(grpc::CallbackServerContext* context,
                                                     const v1::UnloadModelRequest* request,
                                                     v1::Model* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status valid = ValidateModelName(request->name()); !valid.ok()) {
    reactor->Finish(ToGrpcStatus(valid));
  } else {
    FinishOn(*loader_, reactor, response,
             [this, name = request->name()] { return backend_->UnloadModel(name); });
  }
  return reactor;
}

}  // namespace impasto::rpc
