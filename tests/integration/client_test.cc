// The C++ SDK against a server in another process: here the client's channel is the only user of what gRPC
// shares within a process.
#include "impasto/client.h"

#include <gtest/gtest.h>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

TEST(ClientTest, NobodyHasToWaitForTheAnswerToACancel) {
  ASSERT_TRUE(imaging::Init(1).ok());
  const testing::TempDir weights;
  testing::WriteSmallModel(weights.path(), "vgg19");
  const testing::RunningServer server = testing::StartServer(weights.path());
  for (int i = 0; i < 10; ++i) {
    ClientOptions options;
    options.address = server.address;
    auto client = Client::Connect(options);
    ASSERT_TRUE(client.ok()) << client.status();
    auto call = client->StartStylize(testing::SmallRequest(testing::kNeverDone));
    ASSERT_TRUE(call->Next().has_value());
    const std::string job = call->job();
    call->Cancel();
    // The answer is the last to hold the channel.
    call.reset();
    client = absl::UnknownError("gone");
    testing::WaitForState(*server.stylization, job, v1::Job::STATE_CANCELLED);
  }
}

}  // namespace
}  // namespace impasto
