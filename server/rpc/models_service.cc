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

// Ends the call with what `answer` says, which runs on the worker. The request, the response and the reactor
// live until Finish.
grpc::ServerUnaryReactor* FinishOn(Worker& worker, grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> answer) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!worker.TryPost([reactor, answer = std::move(answer)] { reactor->Finish(ToGrpcStatus(answer())); })) {
    reactor->Finish(ToGrpcStatus(
        absl::ResourceExhaustedError("too many calls are waiting for the server's models; try again later")));
  }
  return reactor;
}

// What a call for one model does: checks the name, and asks the backend.
template <typename Request>
std::function<absl::Status()> ForModel(ModelsBackend* backend,
                                       absl::StatusOr<v1::Model> (ModelsBackend::*method)(const std::string&),
                                       const Request* request, v1::Model* response) {
  return [=]() -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(ValidateModelName(request->name()));
    IMPASTO_ASSIGN_OR_RETURN(*response, (backend->*method)(request->name()));
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* ModelsService::ListModels(grpc::CallbackServerContext* context,
                                                    const v1::ListModelsRequest* request,
                                                    v1::ListModelsResponse* response) {
  return FinishOn(*reader_, context, [=, this] { return ListPage(*backend_, *request, response); });
}

grpc::ServerUnaryReactor* ModelsService::GetModel(grpc::CallbackServerContext* context,
                                                  const v1::GetModelRequest* request, v1::Model* response) {
  return FinishOn(*reader_, context, ForModel(backend_, &ModelsBackend::GetModel, request, response));
}

grpc::ServerUnaryReactor* ModelsService::LoadModel(grpc::CallbackServerContext* context,
                                                   const v1::LoadModelRequest* request, v1::Model* response) {
  return FinishOn(*loader_, context, ForModel(backend_, &ModelsBackend::LoadModel, request, response));
}

grpc::ServerUnaryReactor* ModelsService::UnloadModel(grpc::CallbackServerContext* context,
                                                     const v1::UnloadModelRequest* request,
                                                     v1::Model* response) {
  return FinishOn(*loader_, context, ForModel(backend_, &ModelsBackend::UnloadModel, request, response));
}

}  // namespace impasto::rpc
