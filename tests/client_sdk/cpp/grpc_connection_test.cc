#include "grpc_connection.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client_sdk/cpp/fake_retry_time.h"
#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class GrpcConnectionTest : public ::testing::Test {
 protected:
  GrpcConnection Connect(ClientOptions options = {}) {
    options.address = server_.address();
    auto core = ClientCore::Connect(options);
    EXPECT_TRUE(core.ok()) << core.status();
    return {*core, &time_};
  }

  FakeServer server_;
  FakeRetryTime time_;
};

template <class Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "stopping");

TEST_F(GrpcConnectionTest, MakesACallAgainWhileThereIsNoServer) {
  v1::Job job;
  job.set_name("jobs/1");
  server_.SetJobs({job});
  server_.SetUnaryStatus(kGone, /*calls=*/2);
  EXPECT_EQ(Connect().GetJob(Named<v1::GetJobRequest>("jobs/1"))->name(), "jobs/1");
  EXPECT_THAT(server_.calls(), ElementsAre("GetJob jobs/1", "GetJob jobs/1", "GetJob jobs/1"));
  EXPECT_THAT(time_.waits, SizeIs(2));
}

TEST_F(GrpcConnectionTest, GivesUpWithTheServersOwnWords) {
  server_.SetUnaryStatus(kGone);
  EXPECT_EQ(Connect().PauseJob(Named<v1::PauseJobRequest>("jobs/1")).status(),
            absl::UnavailableError("stopping"));
  EXPECT_THAT(time_.waits, Not(IsEmpty()));
  time_.waits.clear();
  EXPECT_EQ(Connect({.retry_timeout = absl::ZeroDuration()})
                .PauseJob(Named<v1::PauseJobRequest>("jobs/1"))
                .status(),
            absl::UnavailableError("stopping"));
  EXPECT_THAT(time_.waits, IsEmpty());
}

TEST_F(GrpcConnectionTest, WhatIsGoneAtTheSecondAttemptIsDeleted) {
  EXPECT_EQ(Connect().DeleteJob(Named<v1::DeleteJobRequest>("jobs/1")),
            absl::NotFoundError("no job \"jobs/1\""));
  server_.SetUnaryStatus(kGone, /*calls=*/1);
  EXPECT_TRUE(Connect().DeleteJob(Named<v1::DeleteJobRequest>("jobs/1")).ok());
}

TEST_F(GrpcConnectionTest, AnUploadBeginsAnew) {
  server_.SetUploadStatus(kGone);
  v1::Picture picture;
  picture.set_encoded("picture");
  EXPECT_EQ(Connect().UploadPicture(picture).status(), absl::UnavailableError("stopping"));
  ASSERT_GE(server_.uploads().size(), 2);
  for (const FakeUpload& upload : server_.uploads()) {
    EXPECT_EQ(upload.bytes, "picture");
  }
}

TEST_F(GrpcConnectionTest, ShortCallsHaveADeadline) {
  server_.HoldGetJob();
  EXPECT_EQ(Connect({.timeout = absl::Milliseconds(200)}).GetJob(Named<v1::GetJobRequest>("jobs/1")).status(),
            absl::DeadlineExceededError("no answer from " + server_.address() + " within 200ms"));
}

TEST_F(GrpcConnectionTest, ARequestIsNoLargerThanTheServerTakes) {
  v1::ServerInfo info;
  info.set_api_revision(v1::ApiRevision_MAX);
  info.set_max_request_bytes(20);
  server_.SetServerInfo(info);
  v1::EstimateJobRequest request;
  request.mutable_request()->mutable_content()->set_encoded("twenty-one characters");
  EXPECT_TRUE(Connect().EstimateJob(request).ok());
  EXPECT_THAT(server_.uploads(), SizeIs(1));
}

}  // namespace
}  // namespace impasto
