// The program from its start to its exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobOutcome;
using testing::RunJob;
using testing::ServerProcess;

constexpr int kServing = 1;
constexpr int kNotServing = 2;

// Runs it to its end.
struct Ended {
  int exit_code = -1;
  std::string output;
};
Ended RunToItsEnd(const std::vector<std::string>& arguments) {
  auto process = ServerProcess::Start(IMPASTOD, arguments);
  EXPECT_TRUE(process.ok()) << process.status();
  const auto code = (*process)->WaitForExit();
  EXPECT_TRUE(code.ok()) << code.status();
  return {code.value_or(-1), (*process)->output()};
}

class ProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }
  testing::TempDir dir_;
};

TEST_F(ProcessTest, VersionHelpAndUsage) {
  EXPECT_EQ(RunToItsEnd({"--version"}).exit_code, 0);
  EXPECT_EQ(RunToItsEnd({"--help"}).exit_code, 0);
  const Ended usage = RunToItsEnd({"--device", "abacus"});
  EXPECT_EQ(usage.exit_code, 2);
  EXPECT_THAT(usage.output, HasSubstr("--device"));
}

TEST_F(ProcessTest, WeightsIsACommand) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  const Ended listed = RunToItsEnd({"weights", "list", "--weights-dir", dir_.path()});
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
  EXPECT_THAT(listed.output, HasSubstr("vgg19"));
}

TEST_F(ProcessTest, WithoutWeightsTheStartEndsWithTheCommandThatGetsThem) {
  const std::string command = "impastod weights pull vgg19 --weights-dir " + dir_.path();
  for (const std::string models : {"auto", "vgg19"}) {
    const Ended ended = RunToItsEnd(testing::ServerArguments(dir_.path(), {"--models", models}));
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_THAT(ended.output, AllOf(HasSubstr("there are no weights for vgg19"), HasSubstr(command)));
  }
}

TEST_F(ProcessTest, AModelThatIsAskedForAndCannotBeLoadedEndsTheStart) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  std::ofstream(dir_.File("resnet50.h5")) << "\x89HDF\r\n\x1a\nand nothing behind it";
  const Ended ended = RunToItsEnd(testing::ServerArguments(dir_.path(), {"--models", "vgg19,resnet50"}));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.output, AllOf(HasSubstr("models/resnet50 can't be loaded"), HasSubstr("resnet50.h5"),
                                  HasSubstr("impastod weights pull resnet50 --weights-dir " + dir_.path())));
  // auto goes on with what there is.
  const testing::RunningServer server = testing::StartServer(dir_.path());
  EXPECT_TRUE(RunJob(*server.stylization, testing::SmallRequest(1)).status.ok());
}

TEST_F(ProcessTest, APortThatIsTaken) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  const testing::RunningServer first = testing::StartServer(dir_.path());
  const Ended second =
      RunToItsEnd({"--listen", first.address, "--weights-dir", dir_.path(), "--device", "cpu"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr(first.address));
}

TEST_F(ProcessTest, ThePortIsWrittenToAFile) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  const testing::RunningServer server = testing::StartServer(dir_.path(), {"--port-file", dir_.File("port")});
  std::ifstream file(dir_.File("port"));
  int port = 0;
  file >> port;
  EXPECT_THAT(server.address, HasSubstr(":" + std::to_string(port)));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("port.new")));
  EXPECT_EQ(
      RunToItsEnd(testing::ServerArguments(dir_.path(), {"--port-file", "/nonexistent/port"})).exit_code, 1);
}

TEST_F(ProcessTest, HealthTurnsWithLoadingAndStopping) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  auto process = ServerProcess::Start(IMPASTOD, testing::ServerArguments(dir_.path()));
  ASSERT_TRUE(process.ok()) << process.status();
  const auto address = (*process)->WaitForAddress();
  ASSERT_TRUE(address.ok()) << address.status();
  const auto channel = grpc::CreateChannel(*address, grpc::InsecureChannelCredentials());
  std::vector<int> states;
  const grpc::Status status = testing::WatchHealth(*channel, "impasto.v1.Stylization", [&](int state) {
    if (states.empty() || states.back() != state) states.push_back(state);
    // Serving: now it is told to stop, and says that it does before it is gone.
    if (state == kServing) (*process)->Signal(SIGTERM);
    return states.size() > 1 && states.back() == kNotServing && states[states.size() - 2] == kServing;
  });
  EXPECT_TRUE(status.ok()) << status.error_message();
  if (states.front() == kNotServing) states.erase(states.begin());  // as long as the models weren't loaded
  EXPECT_THAT(states, ElementsAre(kServing, kNotServing));
  EXPECT_EQ((*process)->WaitForExit().value_or(-1), 0);
}

TEST_F(ProcessTest, ASecondSignalEndsItAtOnce) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  const testing::RunningServer server = testing::StartServer(dir_.path());
  // The open call keeps the server from being gone before the second signal comes.
  (void)testing::WatchHealth(*server.channel, "", [&](int state) {
    server.process->Signal(SIGTERM);
    return state == kNotServing;
  });
  EXPECT_EQ(server.process->WaitForExit().value_or(-1), 128 + SIGTERM);
}

TEST_F(ProcessTest, ASignalCancelsTheRunningJobAndExitsCleanly) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  for (const int signal_number : {SIGTERM, SIGINT}) {
    testing::RunningServer server = testing::StartServer(dir_.path());
    bool signalled = false;
    const JobOutcome outcome = RunJob(*server.stylization, testing::SmallRequest(100000),
                                      [&](const v1::JobEvent& event, grpc::ClientContext&) {
                                        if (!event.has_progress() || signalled) return;
                                        server.process->Signal(signal_number);
                                        signalled = true;
                                      });
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::CANCELLED) << outcome.status.error_message();
    EXPECT_EQ(outcome.finished.state(), v1::Finished::STATE_CANCELLED);
    EXPECT_THAT(outcome.faults, IsEmpty());
    EXPECT_EQ(server.process->WaitForExit().value_or(-1), 0);
    EXPECT_THAT(server.process->output(), HasSubstr("stopped"));
  }
}

TEST_F(ProcessTest, AnIdleServerStopsToo) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  const testing::RunningServer server = testing::StartServer(dir_.path());
  server.process->Signal(SIGTERM);
  EXPECT_EQ(server.process->WaitForExit().value_or(-1), 0);
}

TEST_F(ProcessTest, ASignalWhileTheModelsLoad) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  testing::WriteSmallModel(dir_.path(), "resnet50");
  auto process = ServerProcess::Start(IMPASTOD, testing::ServerArguments(dir_.path()));
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE((*process)->WaitForAddress().ok());
  (*process)->Signal(SIGTERM);
  EXPECT_EQ((*process)->WaitForExit().value_or(-1), 0);
}

}  // namespace
}  // namespace impasto
