// GoogleMock's mocks of a server, for tests of programs on the SDK.
//
//   auto connection = std::make_shared<impasto::mocks::MockConnection>();
//   EXPECT_CALL(*connection, ListModels).WillOnce(Return(impasto::v1::ListModelsResponse()));
//   EXPECT_CALL(*connection, Stylize).WillOnce([](impasto::v1::StylizeRequest) {
//     return std::make_unique<impasto::mocks::ScriptedCall>(...);
//   });
//   impasto::Client client(connection);
//
// Link Impasto::mocks and GTest::gmock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "impasto/connection.h"

namespace impasto::mocks {

// A call to whose like nothing is expected fails with absl's UNKNOWN; a Stylize or WatchJob of that kind
// gives a null pointer. Thread-safe, as GoogleMock's mocks are.
class MockConnection : public Connection {
 public:
  explicit MockConnection(ClientOptions options = {}, v1::ServerInfo server_info = {})
      : options_(std::move(options)), server_info_(std::move(server_info)) {}

  const ClientOptions& options() const override { return options_; }
  const v1::ServerInfo& server_info() const override { return server_info_; }

  MOCK_METHOD(std::unique_ptr<StylizeCall>, Stylize, (v1::StylizeRequest request), (override));
  MOCK_METHOD(std::unique_ptr<StylizeCall>, WatchJob, (const v1::WatchJobRequest& request), (override));

  MOCK_METHOD(absl::StatusOr<v1::EstimateJobResponse>, EstimateJob, (v1::EstimateJobRequest request),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::UploadPictureResponse>, UploadPicture, (const v1::Picture& picture),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::Job>, GetJob, (const v1::GetJobRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListJobsResponse>, ListJobs, (const v1::ListJobsRequest& request),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::Job>, UpdateJob, (const v1::UpdateJobRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Job>, CancelJob, (const v1::CancelJobRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Job>, PauseJob, (const v1::PauseJobRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Job>, ResumeJob, (const v1::ResumeJobRequest& request), (override));
  MOCK_METHOD(absl::Status, DeleteJob, (const v1::DeleteJobRequest& request), (override));

  MOCK_METHOD(absl::StatusOr<v1::Style>, CreateStyle, (v1::CreateStyleRequest request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Style>, GetStyle, (const v1::GetStyleRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::ListStylesResponse>, ListStyles, (const v1::ListStylesRequest& request),
              (override));
  MOCK_METHOD(absl::Status, DeleteStyle, (const v1::DeleteStyleRequest& request), (override));

  MOCK_METHOD(absl::StatusOr<v1::ListModelsResponse>, ListModels, (const v1::ListModelsRequest& request),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::Model>, GetModel, (const v1::GetModelRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Model>, LoadModel, (const v1::LoadModelRequest& request), (override));
  MOCK_METHOD(absl::StatusOr<v1::Model>, UnloadModel, (const v1::UnloadModelRequest& request), (override));

 private:
  const ClientOptions options_;
  const v1::ServerInfo server_info_;
};

// Where it matters what is called on a job's stream. ScriptedCall is simpler where it is only read.
class MockStylizeCall : public StylizeCall {
 public:
  MOCK_METHOD(std::optional<StylizeEvent>, Next, (), (override));
  MOCK_METHOD(absl::Status, Finish, (), (override));
  MOCK_METHOD(std::string, job, (), (const, override));
  MOCK_METHOD(int64_t, last_event, (), (const, override));
  MOCK_METHOD(bool, Cancel, (absl::Duration wait), (override));
  MOCK_METHOD(absl::Status, Detach, (), (override));
};

}  // namespace impasto::mocks
