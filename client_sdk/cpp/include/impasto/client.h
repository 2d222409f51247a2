// A client of an Impasto server.
//
//   auto client = impasto::Client::Connect({.address = "127.0.0.1:50451"});
//   if (!client.ok()) ...
//   impasto::v1::StylizeRequest request;
//   *request.mutable_content() = *impasto::PictureFromFile("photo.jpg");
//   *request.add_styles() = *impasto::PictureFromFile("painting.jpg");
//   absl::StatusOr<impasto::ResultPicture> result = client->Stylize(std::move(request));
//
// Requests are the API's own messages: protos/impasto/v1 documents every field with its unit, range and
// default. Jobs have no deadline: they may take hours. Other calls do (ClientOptions::timeout), and are made
// again while no server is there (ClientOptions::retry_timeout): each of them can be made twice without harm.
// A server that goes away without a word is noticed by keepalive pings.
//
// Jobs belong to the server, and outlive connections: see StylizeCall.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/connection.h"
#include "impasto/error.h"
#include "impasto/options.h"
#include "impasto/picture.h"
#include "impasto/stylize_call.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/server.pb.h"
#include "impasto/v1/styles.pb.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto {

// What Client::Stylize tells on the way, in the thread that called it. Any may be empty.
struct StylizeCallbacks {
  std::function<void(const v1::Accepted&)> on_accepted;
  std::function<void(const v1::Progress&)> on_progress;
  std::function<void(PreviewPicture)> on_preview;
  std::function<void(const v1::RecipeChange&)> on_changed;
  std::function<void(const v1::StateChanged&)> on_state_changed;
  std::function<void(const ConnectionLost&)> on_connection_lost;
};

// Thread-safe. Copies share one connection; it is closed with the last of them and of their calls.
class Client {
 public:
  // MakeConnection() and a client on it: errors as there. Compiled into the program, so that the library is
  // told of the program's headers before it looks at anything that they lay out.
  static absl::StatusOr<Client> Connect(ClientOptions options = {}) {
    absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(std::move(options));
    if (!connection.ok()) {
      return std::move(connection).status();
    }
    return Client(*std::move(connection));
  }
  // `connection` isn't null. For tests; see impasto/mocks/mock_connection.h.
  explicit Client(std::shared_ptr<Connection> connection);

  // The address in use.
  const std::string& address() const;
  // What the server calls this client, as Job.client: its token's name, or ClientOptions::client_name.
  const std::string& name() const;
  // What the server said of itself when the connection was made.
  const v1::ServerInfo& server_info() const;

  // A job, to be read event by event. Never blocks, and can't fail: the call's Next() and Finish() do.
  // `request` has its pictures inline, of any size up to kMaxPictureBytes each, or by the name of an upload
  // or of a style. Without a request_id it gets a random one.
  std::unique_ptr<StylizeCall> StartStylize(v1::StylizeRequest request) const;

  // A job that is there already, its events from the one after `after_event` on: 0, or some call's
  // last_event(). Finish() fails with NOT_FOUND: no such job; OUT_OF_RANGE: there is no such event yet.
  std::unique_ptr<StylizeCall> WatchJob(std::string_view name, int64_t after_event = 0) const;

  // Runs a job to its end. Errors as StylizeCall::Finish(). A connection that breaks is made again on the
  // way.
  absl::StatusOr<ResultPicture> Stylize(v1::StylizeRequest request,
                                        const StylizeCallbacks& callbacks = {}) const;

  // Jobs, each by "jobs/abc" or "abc". NOT_FOUND: no such job; other errors as protos/impasto/v1 says for the
  // methods of the same names.
  absl::StatusOr<v1::Job> GetJob(std::string_view name) const;
  absl::StatusOr<v1::Job> CancelJob(std::string_view name) const;
  absl::StatusOr<v1::Job> PauseJob(std::string_view name) const;
  absl::StatusOr<v1::Job> ResumeJob(std::string_view name) const;
  absl::Status DeleteJob(std::string_view name) const;
  // Cancels a job that hasn't ended, waits for its end, a step or so, and deletes it. NOT_FOUND: no such job.
  absl::Status DiscardJob(std::string_view name) const;
  // Takes the fields that `mask` names from `job`, whose name says which job. The answer's
  // original_recipe.changes ends with what was changed, and from which step on.
  absl::StatusOr<v1::Job> UpdateJob(v1::Job job, const std::vector<std::string>& mask) const;
  // All jobs of all pages; filter and order as in ListJobsRequest.
  absl::StatusOr<std::vector<v1::Job>> ListJobs(std::string filter = "", std::string order_by = "") const;
  // One page.
  absl::StatusOr<v1::ListJobsResponse> ListJobsPage(const v1::ListJobsRequest& request) const;
  // What a job would take. Large pictures are uploaded first.
  absl::StatusOr<v1::EstimateJobResponse> EstimateJob(v1::StylizeRequest request) const;

  // Style pictures that the server keeps, each by "styles/abc" or "abc". NOT_FOUND: no such style. A large
  // picture is uploaded first.
  absl::StatusOr<v1::Style> CreateStyle(v1::Picture picture, std::string display_name = "") const;
  absl::StatusOr<v1::Style> GetStyle(std::string_view name) const;
  // All of all pages, the newest first, with their thumbnails.
  absl::StatusOr<std::vector<v1::Style>> ListStyles() const;
  absl::Status DeleteStyle(std::string_view name) const;

  // Sends a picture once, in parts, for use in several requests: Picture.upload is the answer's name.
  // INVALID_ARGUMENT: not a picture, or beyond kMaxPictureBytes; otherwise the server's own status.
  absl::StatusOr<v1::UploadPictureResponse> UploadPicture(const v1::Picture& picture) const;
  // The same for a file: errors as PictureFromFile() too.
  absl::StatusOr<v1::UploadPictureResponse> UploadPictureFile(const std::string& path) const;

  // All models of all pages, without their layers.
  absl::StatusOr<std::vector<v1::Model>> ListModels() const;
  // One model, by "models/vgg19" or "vgg19". NOT_FOUND: no such model.
  absl::StatusOr<v1::Model> GetModel(std::string_view name) const;
  // Takes seconds. FAILED_PRECONDITION: the server has no weights for it.
  absl::StatusOr<v1::Model> LoadModel(std::string_view name) const;
  absl::StatusOr<v1::Model> UnloadModel(std::string_view name) const;

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace impasto
