#include "core/discard_job.h"

#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/mocks/mock_connection.h"

namespace impasto::gimp {
namespace {

using ::testing::InSequence;
using ::testing::Property;
using ::testing::Return;
using ::testing::StrictMock;

auto IsOfJob() { return Property("name", &v1::CancelJobRequest::name, "jobs/1"); }

class DiscardJobTest : public ::testing::Test {
 protected:
  const std::shared_ptr<StrictMock<mocks::MockConnection>> connection_ =
      std::make_shared<StrictMock<mocks::MockConnection>>();
  const Client client_{connection_};
};

TEST_F(DiscardJobTest, DeletesOnlyWhatHasEnded) {
  const InSequence order;
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(v1::Job()));
  auto call = std::make_unique<mocks::MockStylizeCall>();
  mocks::MockStylizeCall* const watched = call.get();
  EXPECT_CALL(*connection_, WatchJob).WillOnce(Return(::testing::ByMove(std::move(call))));
  EXPECT_CALL(*watched, Finish).WillOnce(Return(absl::CancelledError("the job was cancelled")));
  EXPECT_CALL(*connection_, DeleteJob(Property(&v1::DeleteJobRequest::name, "jobs/1")))
      .WillOnce(Return(absl::OkStatus()));
  EXPECT_EQ(DiscardJob(client_, "jobs/1"), absl::OkStatus());
}

TEST_F(DiscardJobTest, OneThatTheServerDoesNotKnowIsGone) {
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(absl::NotFoundError("no such job")));
  EXPECT_EQ(DiscardJob(client_, "jobs/1"), absl::OkStatus());
}

TEST_F(DiscardJobTest, SaysWhyItCouldNot) {
  EXPECT_CALL(*connection_, CancelJob(IsOfJob())).WillOnce(Return(absl::UnavailableError("nobody is there")));
  EXPECT_EQ(DiscardJob(client_, "jobs/1").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace impasto::gimp
