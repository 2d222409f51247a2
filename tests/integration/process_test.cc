// The program from its start to its exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <thread>
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
using ::testing::Pair;
using testing::RunJob;
using testing::ServerProcess;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

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

// The jobs of a drained server: two that somebody watches, one of them interactive.
struct Drained {
  JobOutcome interactive, normal;
  int exit_code = -1;
  std::string output;
};

class DrainTest : public ProcessTest {
 protected:
  // Sends the first SIGTERM when both jobs have begun, and calls `then` once the server doesn't serve any
  // more.
  Drained Drain(int interactive_steps, std::vector<std::string> options,
                const std::function<void(testing::RunningServer& server)>& then) {
    testing::WriteSmallModel(dir_.path(), "vgg19");
    options.insert(options.end(), {"--state-dir", dir_.File("state")});
    testing::RunningServer server = testing::StartServer(dir_.path(), std::move(options));
    Drained drained;
    std::promise<void> normal_runs;
    std::thread normal([&] {
      drained.normal = RunJob(*server.stylization, testing::SmallRequest(testing::kNeverDone),
                              [&](const v1::JobEvent& event, grpc::ClientContext&) {
                                if (event.progress().iteration() == 1) normal_runs.set_value();
                              });
    });
    normal_runs.get_future().wait();
    std::promise<void> interactive_runs;
    std::thread interactive([&] {
      v1::StylizeRequest request = testing::SmallRequest(interactive_steps);
      request.set_priority(v1::PRIORITY_INTERACTIVE);
      drained.interactive =
          RunJob(*server.stylization, request, [&](const v1::JobEvent& event, grpc::ClientContext&) {
            if (event.progress().iteration() == 1) interactive_runs.set_value();
          });
    });
    interactive_runs.get_future().wait();
    const grpc::Status health = testing::WatchHealth(*server.channel, "", [&](int state) {
      if (state == kServing) server.process->Signal(SIGTERM);
      return state == kNotServing;
    });
    EXPECT_TRUE(health.ok()) << health.error_message();
    then(server);
    normal.join();
    interactive.join();
    drained.exit_code = server.process->WaitForExit().value_or(-1);
    drained.output = server.process->output();
    EXPECT_THAT(drained.normal.faults, IsEmpty());
    EXPECT_THAT(drained.interactive.faults, IsEmpty());
    return drained;
  }

  // Jobs that a stopped server left, by their states.
  std::map<std::string, v1::Job::State> StatesAfterRestart() {
    const testing::RunningServer server =
        testing::StartServer(dir_.path(), {"--state-dir", dir_.File("state")});
    v1::ListJobsResponse jobs;
    const grpc::Status status =
        testing::Ask(*server.stylization, &v1::Stylization::Stub::ListJobs, v1::ListJobsRequest(), &jobs);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::map<std::string, v1::Job::State> states;
    for (const v1::Job& job : jobs.jobs()) states[job.name()] = job.state();
    return states;
  }
};

void ExpectComeBack(const grpc::Status& status) {
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("the server is stopping"));
  EXPECT_TRUE(testing::HasRetryInfo(status));
}

TEST_F(DrainTest, InteractiveJobsEndAndOthersAreWrittenDown) {
  const Drained drained = Drain(3000, {"--drain-seconds", "100s"}, [&](testing::RunningServer& server) {
    const JobOutcome refused = RunJob(*server.stylization, testing::SmallRequest(1));
    ExpectComeBack(refused.status);
    EXPECT_THAT(refused.events, IsEmpty());
  });
  EXPECT_EQ(drained.exit_code, 0) << drained.output;
  EXPECT_TRUE(drained.interactive.status.ok()) << drained.interactive.status.error_message();
  EXPECT_THAT(drained.interactive.progress, SizeIs(3001));
  ExpectComeBack(drained.normal.status);
  EXPECT_THAT(StatesAfterRestart(),
              UnorderedElementsAre(Pair(drained.interactive.accepted.job(), v1::Job::STATE_SUCCEEDED),
                                   Pair(drained.normal.accepted.job(), v1::Job::STATE_RUNNING)));
}

TEST_F(DrainTest, TheTimeForInteractiveJobsEnds) {
  const Drained drained =
      Drain(testing::kNeverDone, {"--drain-seconds", "1s"}, [](testing::RunningServer&) {});
  EXPECT_EQ(drained.exit_code, 0) << drained.output;
  ExpectComeBack(drained.interactive.status);
  ExpectComeBack(drained.normal.status);
  EXPECT_THAT(StatesAfterRestart(),
              UnorderedElementsAre(Pair(drained.interactive.accepted.job(), v1::Job::STATE_RUNNING),
                                   Pair(drained.normal.accepted.job(), v1::Job::STATE_RUNNING)));
}

TEST_F(DrainTest, ASecondSignalHurries) {
  const Drained drained = Drain(testing::kNeverDone, {"--drain-seconds", "1000s"},
                                [](testing::RunningServer& server) { server.process->Signal(SIGTERM); });
  EXPECT_EQ(drained.exit_code, 0) << drained.output;
  EXPECT_THAT(drained.output, HasSubstr("stopping at once"));
  ExpectComeBack(drained.interactive.status);
  ExpectComeBack(drained.normal.status);
  EXPECT_THAT(StatesAfterRestart(),
              UnorderedElementsAre(Pair(drained.interactive.accepted.job(), v1::Job::STATE_RUNNING),
                                   Pair(drained.normal.accepted.job(), v1::Job::STATE_RUNNING)));
}

TEST_F(DrainTest, AThirdSignalEndsItAtOnce) {
  const Drained drained =
      Drain(testing::kNeverDone, {"--drain-seconds", "1000s"}, [](testing::RunningServer& server) {
        // An open call keeps the server from being gone before the third signal comes.
        grpc::ClientContext context;
        int states = 0;
        std::thread open(
            [&] { (void)testing::WatchHealth(*server.channel, "", [&](int) { return ++states > 1; }); });
        server.process->Signal(SIGTERM);
        const auto line = server.process->WaitForLine("stopping at once");
        EXPECT_TRUE(line.ok()) << line.status();
        server.process->Signal(SIGTERM);
        open.join();
      });
  EXPECT_EQ(drained.exit_code, 128 + SIGTERM) << drained.output;
}

TEST_F(ProcessTest, WithoutAStateDirectoryASignalCancelsTheRunningJob) {
  testing::WriteSmallModel(dir_.path(), "vgg19");
  for (const int signal_number : {SIGTERM, SIGINT}) {
    testing::RunningServer server = testing::StartServer(dir_.path());
    const JobOutcome outcome = RunJob(*server.stylization, testing::SmallRequest(testing::kNeverDone),
                                      [&](const v1::JobEvent& event, grpc::ClientContext&) {
                                        if (event.progress().iteration() == 1)
                                          server.process->Signal(signal_number);
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

// What --state-dir can be wrong with: exit code 1, and a line that says what to do.
class StateDirTest : public ProcessTest {
 protected:
  void SetUp() override {
    testing::WriteSmallModel(dir_.path(), "vgg19");
    state_ = dir_.File("state");
  }
  // Makes a state directory as a server leaves it.
  void MakeState() {
    const testing::RunningServer server = testing::StartServer(dir_.path(), {"--state-dir", state_});
    server.process->Signal(SIGTERM);
    ASSERT_EQ(server.process->WaitForExit().value_or(-1), 0);
  }
  void ExpectRefused(const std::string& message) {
    const Ended ended = RunToItsEnd(testing::ServerArguments(dir_.path(), {"--state-dir", state_}));
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_THAT(ended.output, HasSubstr("--state-dir: "));
    EXPECT_THAT(ended.output, HasSubstr(message));
  }
  std::string state_;
};

TEST_F(StateDirTest, AnotherServerHasIt) {
  const testing::RunningServer server = testing::StartServer(dir_.path(), {"--state-dir", state_});
  ExpectRefused(absl::StrCat("state directory ", state_, ": another server uses it (process ",
                             server.process->pid(),
                             "). Stop that one, or choose another folder with --state-dir"));
  EXPECT_TRUE(RunJob(*server.stylization, testing::SmallRequest(1)).status.ok());
}

TEST_F(StateDirTest, ANewerVersionWroteTheFolder) {
  MakeState();
  std::ofstream(state_ + "/format") << "2\n";
  ExpectRefused(
      "a newer version of Impasto wrote it: its format is 2, this version knows up to 1. Start the "
      "newer version, or choose another folder with --state-dir");
}

TEST_F(StateDirTest, ANewerVersionWroteTheJournal) {
  MakeState();
  // PRAGMA user_version, where SQLite's files have it.
  std::fstream database(state_ + "/journal.db", std::ios::in | std::ios::out | std::ios::binary);
  database.seekp(60);
  database.write("\0\0\0\x63", 4);
  database.close();
  ASSERT_TRUE(database.good());
  ExpectRefused("was written by a newer version of Impasto: its format is 99, this version knows up to 1");
}

TEST_F(StateDirTest, ItIsNoFolder) {
  std::ofstream(state_) << "a file";
  ExpectRefused(state_ + " isn't a folder");
}

TEST_F(StateDirTest, ItCannotBeWritten) {
  std::filesystem::create_directory(state_);
  std::filesystem::permissions(state_,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  // Root may write everywhere, but for a program that starts without that capability. Only this thread's
  // children do.
  std::thread([&] {
    prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
    ExpectRefused("Let the server's user write there, or choose another folder with --state-dir");
  }).join();
}

}  // namespace
}  // namespace impasto
