// What a Client is made over. Programs seldom see it; their tests do: impasto/mocks/mock_connection.h.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/options.h"
#include "impasto/stylize_call.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/server.pb.h"
#include "impasto/v1/styles.pb.h"
#include "impasto/v1/stylization.pb.h"
#include "impasto/version.h"

namespace impasto {

// The API's methods, one each. Requests and answers are the API's own messages; protos/impasto/v1 says what
// each method does and how it fails. Implementations are thread-safe. Methods that aren't overridden fail
// with UNIMPLEMENTED, so that a class of yours goes on compiling when the API grows.
class Connection {
 public:
  virtual ~Connection() = default;

  // As they are in use: the address is filled in. Valid as long as the connection.
  virtual const ClientOptions& options() const = 0;
  // What the server said of itself when the connection was made. Valid as long as the connection.
  virtual const v1::ServerInfo& server_info() const = 0;

  // Streams: nothing is sent before the call's first Next().
  virtual std::unique_ptr<StylizeCall> Stylize(v1::StylizeRequest request) = 0;
  virtual std::unique_ptr<StylizeCall> WatchJob(const v1::WatchJobRequest& request) = 0;

  virtual absl::StatusOr<v1::EstimateJobResponse> EstimateJob(v1::EstimateJobRequest request);
  virtual absl::StatusOr<v1::UploadPictureResponse> UploadPicture(const v1::Picture& picture);
  virtual absl::StatusOr<v1::Job> GetJob(const v1::GetJobRequest& request);
  virtual absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request);
  virtual absl::StatusOr<v1::Job> UpdateJob(const v1::UpdateJobRequest& request);
  virtual absl::StatusOr<v1::Job> CancelJob(const v1::CancelJobRequest& request);
  virtual absl::StatusOr<v1::Job> PauseJob(const v1::PauseJobRequest& request);
  virtual absl::StatusOr<v1::Job> ResumeJob(const v1::ResumeJobRequest& request);
  virtual absl::Status DeleteJob(const v1::DeleteJobRequest& request);

  virtual absl::StatusOr<v1::Style> CreateStyle(v1::CreateStyleRequest request);
  virtual absl::StatusOr<v1::Style> GetStyle(const v1::GetStyleRequest& request);
  virtual absl::StatusOr<v1::ListStylesResponse> ListStyles(const v1::ListStylesRequest& request);
  virtual absl::Status DeleteStyle(const v1::DeleteStyleRequest& request);

  virtual absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request);
  virtual absl::StatusOr<v1::Model> GetModel(const v1::GetModelRequest& request);
  virtual absl::StatusOr<v1::Model> LoadModel(const v1::LoadModelRequest& request);
  virtual absl::StatusOr<v1::Model> UnloadModel(const v1::UnloadModelRequest& request);
};

// Connects over gRPC, waits for the server's first answer (GetServerInfo), and checks that the two understand
// each other. What a connection that can't be made fails with has a reason: see error.h.
//
// INVALID_ARGUMENT: an address of another form, a bad option, or a token that would be sent in the clear;
// nothing was sent. UNAVAILABLE: nothing answers there, not in time, or not what was asked for (TLS, gRPC).
// UNAUTHENTICATED: the server wants a token, or doesn't know this one. FAILED_PRECONDITION: the server or
// this client is too old for the other, or it is no Impasto server; or `headers`, which is to be left alone,
// isn't the library's version.
absl::StatusOr<std::shared_ptr<Connection>> MakeConnection(ClientOptions options = {},
                                                           std::string_view headers = kHeaderVersion);

}  // namespace impasto
