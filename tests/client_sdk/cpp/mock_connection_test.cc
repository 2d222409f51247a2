#include "impasto/mocks/mock_connection.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/client.h"
#include "impasto/mocks/scripted_call.h"

namespace impasto::mocks {
namespace {

using ::testing::Return;
using ::testing::SizeIs;

TEST(MockConnectionTest, PlaysAServer) {
  v1::ServerInfo info;
  info.set_version("9.9.9");
  auto connection = std::make_shared<MockConnection>(ClientOptions{.address = "paint:1"}, info);
  const Client client(connection);
  EXPECT_EQ(client.address(), "paint:1");
  EXPECT_EQ(client.server_info().version(), "9.9.9");

  v1::ListJobsResponse first;
  first.add_jobs();
  first.set_next_page_token("more");
  v1::ListJobsResponse second;
  second.add_jobs();
  EXPECT_CALL(*connection, ListJobs).WillOnce(Return(first)).WillOnce(Return(second));
  const auto jobs = client.ListJobs();
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  EXPECT_THAT(*jobs, SizeIs(2));
  EXPECT_CALL(*connection, DeleteStyle).WillOnce(Return(absl::NotFoundError("none")));
  EXPECT_EQ(client.DeleteStyle("a"), absl::NotFoundError("none"));
}

TEST(MockConnectionTest, PlaysAJob) {
  auto connection = std::make_shared<MockConnection>();
  EXPECT_CALL(*connection, Stylize).WillOnce([](const v1::StylizeRequest& request) {
    EXPECT_EQ(request.display_name(), "mine");
    ResultPicture result;
    result.picture.bytes = "painted";
    return std::make_unique<ScriptedCall>(std::vector<StylizeEvent>{v1::Progress(), result});
  });
  v1::StylizeRequest request;
  request.set_display_name("mine");
  int steps = 0;
  const auto result =
      Client(connection).Stylize(request, {.on_progress = [&](const v1::Progress&) { ++steps; }});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->picture.bytes, "painted");
  EXPECT_EQ(steps, 1);
}

TEST(MockConnectionTest, WatchesThroughAMockOfTheCall) {
  auto connection = std::make_shared<MockConnection>();
  EXPECT_CALL(*connection, WatchJob).WillOnce([](const v1::WatchJobRequest& request) {
    EXPECT_EQ(request.name(), "jobs/7");
    EXPECT_EQ(request.after_event(), 3);
    auto call = std::make_unique<MockStylizeCall>();
    EXPECT_CALL(*call, Cancel(absl::ZeroDuration())).WillOnce(Return(true));
    EXPECT_CALL(*call, Finish).WillOnce(Return(absl::CancelledError("cancelled")));
    return call;
  });
  const auto call = Client(connection).WatchJob("7", 3);
  EXPECT_TRUE(call->Cancel());
  EXPECT_EQ(call->Finish().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace impasto::mocks
