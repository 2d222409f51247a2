#include "impasto/client.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "client_core.h"
#include "impasto/internal/status_macros.h"
#include "status_conversion.h"
#include "stylize_call_impl.h"

namespace impasto {
namespace {

// A server with more pages of models than that is broken.
constexpr int kMaxPages = 1000;

std::string ModelName(std::string_view name) {
  return name.find('/') == std::string_view::npos ? "models/" + std::string(name) : std::string(name);
}

// The three methods that take a name and give a model.
template <class Request, class Method>
absl::StatusOr<v1::Model> CallForModel(const ClientCore& core, std::string_view name, Method method) {
  grpc::ClientContext context;
  Request request;
  request.set_name(ModelName(name));
  v1::Model model;
  IMPASTO_CLIENT_RETURN_IF_ERROR(FromGrpcStatus((core.models().*method)(&context, request, &model)));
  return model;
}

}  // namespace

std::string DefaultServerAddress() {
  const char* const from_environment = std::getenv("IMPASTO_SERVER");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : "127.0.0.1:50451";
}

Client::Client(std::shared_ptr<const ClientCore> core) : core_(std::move(core)) {}

absl::StatusOr<Client> Client::Connect(ClientOptions options) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::shared_ptr<const ClientCore> core,
                                  ClientCore::Create(std::move(options)));
  IMPASTO_CLIENT_RETURN_IF_ERROR(core->WaitForServer());
  return Client(std::move(core));
}

const std::string& Client::address() const { return core_->options().address; }

std::unique_ptr<StylizeCall> Client::StartStylize(v1::StylizeRequest request) const {
  return std::unique_ptr<StylizeCall>(
      new StylizeCall(std::make_unique<StylizeCall::Impl>(core_, std::move(request))));
}

absl::StatusOr<ResultPicture> Client::Stylize(v1::StylizeRequest request,
                                              const StylizeCallbacks& callbacks) const {
  const std::unique_ptr<StylizeCall> call = StartStylize(std::move(request));
  std::optional<ResultPicture> result;
  while (std::optional<StylizeEvent> event = call->Next()) {
    if (const auto* accepted = std::get_if<v1::Accepted>(&*event)) {
      if (callbacks.on_accepted) {
        callbacks.on_accepted(*accepted);
      }
    } else if (const auto* progress = std::get_if<v1::Progress>(&*event)) {
      if (callbacks.on_progress) {
        callbacks.on_progress(*progress);
      }
    } else if (auto* preview = std::get_if<PreviewPicture>(&*event)) {
      if (callbacks.on_preview) {
        callbacks.on_preview(std::move(*preview));
      }
    } else {
      result = std::move(std::get<ResultPicture>(*event));
    }
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(call->Finish());
  return *std::move(result);
}

absl::StatusOr<v1::UploadPictureResponse> Client::UploadPicture(const v1::Picture& picture) const {
  return core_->Upload(picture, /*canceller=*/nullptr);
}

absl::StatusOr<v1::UploadPictureResponse> Client::UploadPictureFile(const std::string& path) const {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::Picture picture, PictureFromFile(path));
  return UploadPicture(picture);
}

absl::StatusOr<std::vector<v1::Model>> Client::ListModels() const {
  std::vector<v1::Model> models;
  v1::ListModelsRequest request;
  for (int page = 0; page < kMaxPages; ++page) {
    grpc::ClientContext context;
    v1::ListModelsResponse response;
    IMPASTO_CLIENT_RETURN_IF_ERROR(FromGrpcStatus(core_->models().ListModels(&context, request, &response)));
    for (v1::Model& model : *response.mutable_models()) {
      models.push_back(std::move(model));
    }
    if (response.next_page_token().empty()) {
      return models;
    }
    request.set_page_token(response.next_page_token());
  }
  return absl::InternalError(absl::StrCat("the server's list of models has no end: ", kMaxPages, " pages"));
}

absl::StatusOr<v1::Model> Client::GetModel(std::string_view name) const {
  return CallForModel<v1::GetModelRequest>(*core_, name, &v1::Models::StubInterface::GetModel);
}

absl::StatusOr<v1::Model> Client::LoadModel(std::string_view name) const {
  return CallForModel<v1::LoadModelRequest>(*core_, name, &v1::Models::StubInterface::LoadModel);
}

absl::StatusOr<v1::Model> Client::UnloadModel(std::string_view name) const {
  return CallForModel<v1::UnloadModelRequest>(*core_, name, &v1::Models::StubInterface::UnloadModel);
}

}  // namespace impasto
