#include "impasto/client.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"

namespace impasto {
namespace {

// A server with more pages than that is broken.
constexpr int kMaxPages = 1000;
// Far below the 4 MiB that gRPC reads: a job of many layers and changes has some KiB.
constexpr int kJobsPage = 100;

std::string FullName(const char* collection, std::string_view name) {
  return name.find('/') == std::string_view::npos ? absl::StrCat(collection, "/", std::string(name))
                                                  : std::string(name);
}

// A request that names one thing and nothing else.
template <class Request>
Request Naming(const char* collection, std::string_view name) {
  Request request;
  request.set_name(FullName(collection, name));
  return request;
}

// All pages. `fetch` gets one; `items` finds the list in it.
template <class Item, class Request, class Fetch, class Items>
absl::StatusOr<std::vector<Item>> AllPages(const char* what, Request request, const Fetch& fetch,
                                           const Items& items) {
  std::vector<Item> all;
  for (int page = 0; page < kMaxPages; ++page) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(auto response, fetch(request));
    for (Item& item : *items(&response)) {
      all.push_back(std::move(item));
    }
    if (response.next_page_token().empty()) {
      return all;
    }
    request.set_page_token(response.next_page_token());
  }
  return absl::InternalError(
      absl::StrCat("the server's list of ", what, " has no end: ", kMaxPages, " pages"));
}

// Calls the one of the functions that is for what the variant holds.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

template <class Callback, class Event>
void Tell(const Callback& callback, Event&& event) {
  if (callback) {
    callback(std::forward<Event>(event));
  }
}

}  // namespace

Client::Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

const std::string& Client::address() const { return connection_->options().address; }

const std::string& Client::name() const {
  const ClientOptions& options = connection_->options();
  return options.token.empty() ? options.client_name : server_info().client();
}

const v1::ServerInfo& Client::server_info() const { return connection_->server_info(); }

std::unique_ptr<StylizeCall> Client::StartStylize(v1::StylizeRequest request) const {
  return connection_->Stylize(std::move(request));
}

std::unique_ptr<StylizeCall> Client::WatchJob(std::string_view name, int64_t after_event) const {
  auto request = Naming<v1::WatchJobRequest>("jobs", name);
  request.set_after_event(after_event);
  return connection_->WatchJob(request);
}

absl::StatusOr<ResultPicture> Client::Stylize(v1::StylizeRequest request,
                                              const StylizeCallbacks& callbacks) const {
  const std::unique_ptr<StylizeCall> call = StartStylize(std::move(request));
  std::optional<ResultPicture> result;
  const Overloaded take{
      [&](const v1::Accepted& accepted) { Tell(callbacks.on_accepted, accepted); },
      [&](const v1::Progress& progress) { Tell(callbacks.on_progress, progress); },
      [&](PreviewPicture& preview) { Tell(callbacks.on_preview, std::move(preview)); },
      [&](ResultPicture& picture) { result = std::move(picture); },
      [&](const v1::RecipeChange& change) { Tell(callbacks.on_changed, change); },
      [&](const v1::StateChanged& change) { Tell(callbacks.on_state_changed, change); },
      [&](const ConnectionLost& lost) { Tell(callbacks.on_connection_lost, lost); },
  };
  while (std::optional<StylizeEvent> event = call->Next()) {
    std::visit(take, *event);
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(call->Finish());
  return *std::move(result);
}

absl::StatusOr<v1::Job> Client::GetJob(std::string_view name) const {
  return connection_->GetJob(Naming<v1::GetJobRequest>("jobs", name));
}

absl::StatusOr<v1::Job> Client::CancelJob(std::string_view name) const {
  return connection_->CancelJob(Naming<v1::CancelJobRequest>("jobs", name));
}

absl::StatusOr<v1::Job> Client::PauseJob(std::string_view name) const {
  return connection_->PauseJob(Naming<v1::PauseJobRequest>("jobs", name));
}

absl::StatusOr<v1::Job> Client::ResumeJob(std::string_view name) const {
  return connection_->ResumeJob(Naming<v1::ResumeJobRequest>("jobs", name));
}

absl::Status Client::DeleteJob(std::string_view name) const {
  return connection_->DeleteJob(Naming<v1::DeleteJobRequest>("jobs", name));
}

absl::Status Client::DiscardJob(std::string_view name) const {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::Job job, CancelJob(name));
  // Its stream ends when it has: how, and whether it was seen, doesn't matter.
  WatchJob(name, job.last_event())->Finish().IgnoreError();
  return DeleteJob(name);
}

absl::StatusOr<v1::Job> Client::UpdateJob(v1::Job job, const std::vector<std::string>& mask) const {
  v1::UpdateJobRequest request;
  job.set_name(FullName("jobs", job.name()));
  *request.mutable_job() = std::move(job);
  for (const std::string& path : mask) {
    request.mutable_update_mask()->add_paths(path);
  }
  return connection_->UpdateJob(request);
}

absl::StatusOr<std::vector<v1::Job>> Client::ListJobs(std::string filter, std::string order_by) const {
  v1::ListJobsRequest request;
  request.set_page_size(kJobsPage);
  request.set_filter(std::move(filter));
  request.set_order_by(std::move(order_by));
  return AllPages<v1::Job>(
      "jobs", std::move(request), [this](const v1::ListJobsRequest& page) { return ListJobsPage(page); },
      [](v1::ListJobsResponse* response) { return response->mutable_jobs(); });
}

absl::StatusOr<v1::ListJobsResponse> Client::ListJobsPage(const v1::ListJobsRequest& request) const {
  return connection_->ListJobs(request);
}

absl::StatusOr<v1::EstimateJobResponse> Client::EstimateJob(v1::StylizeRequest request) const {
  v1::EstimateJobRequest estimate;
  *estimate.mutable_request() = std::move(request);
  return connection_->EstimateJob(std::move(estimate));
}

absl::StatusOr<v1::Style> Client::CreateStyle(v1::Picture picture, std::string display_name) const {
  v1::CreateStyleRequest request;
  *request.mutable_picture() = std::move(picture);
  request.set_display_name(std::move(display_name));
  return connection_->CreateStyle(std::move(request));
}

absl::StatusOr<v1::Style> Client::GetStyle(std::string_view name) const {
  return connection_->GetStyle(Naming<v1::GetStyleRequest>("styles", name));
}

absl::StatusOr<std::vector<v1::Style>> Client::ListStyles() const {
  return AllPages<v1::Style>(
      "styles", v1::ListStylesRequest(),
      [this](const v1::ListStylesRequest& page) { return connection_->ListStyles(page); },
      [](v1::ListStylesResponse* response) { return response->mutable_styles(); });
}

absl::Status Client::DeleteStyle(std::string_view name) const {
  return connection_->DeleteStyle(Naming<v1::DeleteStyleRequest>("styles", name));
}

absl::StatusOr<v1::UploadPictureResponse> Client::UploadPicture(const v1::Picture& picture) const {
  return connection_->UploadPicture(picture);
}

absl::StatusOr<v1::UploadPictureResponse> Client::UploadPictureFile(const std::string& path) const {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::Picture picture, PictureFromFile(path));
  return UploadPicture(picture);
}

absl::StatusOr<std::vector<v1::Model>> Client::ListModels() const {
  return AllPages<v1::Model>(
      "models", v1::ListModelsRequest(),
      [this](const v1::ListModelsRequest& page) { return connection_->ListModels(page); },
      [](v1::ListModelsResponse* response) { return response->mutable_models(); });
}

absl::StatusOr<v1::Model> Client::GetModel(std::string_view name) const {
  return connection_->GetModel(Naming<v1::GetModelRequest>("models", name));
}

absl::StatusOr<v1::Model> Client::LoadModel(std::string_view name) const {
  return connection_->LoadModel(Naming<v1::LoadModelRequest>("models", name));
}

absl::StatusOr<v1::Model> Client::UnloadModel(std::string_view name) const {
  return connection_->UnloadModel(Naming<v1::UnloadModelRequest>("models", name));
}

}  // namespace impasto
