#include "rpc/styles_service.h"

#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "rpc/calls.h"
#include "rpc/field_checks.h"
#include "rpc/index_pages.h"
#include "rpc/validation.h"

namespace impasto::rpc {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 100;

absl::Status ListPage(StylesBackend& backend, const v1::ListStylesRequest& request,
                      v1::ListStylesResponse* response) {
  IMPASTO_ASSIGN_OR_RETURN(const int page_size,
                           PageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  std::vector<v1::Style> styles = backend.ListStyles();
  IMPASTO_ASSIGN_OR_RETURN(const IndexPage page, GetIndexPage("styles", static_cast<int>(styles.size()),
                                                              page_size, request.page_token()));
  for (int i = page.first; i < page.end; ++i) *response->add_styles() = std::move(styles[i]);
  response->set_next_page_token(page.next_token);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* StylesService::CreateStyle(grpc::CallbackServerContext* context,
                                                     const v1::CreateStyleRequest* request,
                                                     v1::Style* response) {
  if (const absl::StatusOr<Caller> caller = callers_->Identify(*context); !caller.ok()) {
    return FinishWith(context, caller.status());
  }
  if (absl::Status status = ValidateCreateStyleRequest(*request); !status.ok()) {
    return FinishWith(context, status);
  }
  auto room = waiting_->Take(static_cast<int64_t>(request->ByteSizeLong()));
  if (!room.ok()) return FinishWith(context, room.status());
  return FinishOn(decoder_, context, [this, request, response, room = *std::move(room)]() -> absl::Status {
    IMPASTO_ASSIGN_OR_RETURN(*response, backend_->CreateStyle(*request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* StylesService::GetStyle(grpc::CallbackServerContext* context,
                                                  const v1::GetStyleRequest* request, v1::Style* response) {
  return AnswerOn(helper_, *callers_, context, [this, request, response](const Caller&) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(CheckResourceName(request->name(), "styles", "name"));
    IMPASTO_ASSIGN_OR_RETURN(*response, backend_->GetStyle(request->name()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* StylesService::ListStyles(grpc::CallbackServerContext* context,
                                                    const v1::ListStylesRequest* request,
                                                    v1::ListStylesResponse* response) {
  return AnswerOn(helper_, *callers_, context,
                  [=, this](const Caller&) { return ListPage(*backend_, *request, response); });
}

grpc::ServerUnaryReactor* StylesService::DeleteStyle(grpc::CallbackServerContext* context,
                                                     const v1::DeleteStyleRequest* request,
                                                     google::protobuf::Empty* response) {
  return AnswerOn(helper_, *callers_, context, [this, request](const Caller&) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(CheckResourceName(request->name(), "styles", "name"));
    return backend_->DeleteStyle(request->name());
  });
}

}  // namespace impasto::rpc
