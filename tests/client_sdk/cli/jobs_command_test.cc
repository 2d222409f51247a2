// The real program against a scripted server.
#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/connect.h"
#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

v1::Job JobNamed(const std::string& id, v1::Job::State state) {
  v1::Job job;
  job.set_name("jobs/" + id);
  job.set_state(state);
  job.set_iteration(120);
  job.set_iterations(300);
  job.mutable_create_time()->set_seconds(1000);
  return job;
}

class JobsCommandTest : public ::testing::Test {
 protected:
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "jobs");
    arguments.insert(arguments.end(), {"--server", server_.address()});
    CliProcess process(arguments, {.environment = {"TZ=UTC"}});
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  // Lines of what was printed.
  int Lines() const { return static_cast<int>(std::count(out_.begin(), out_.end(), '\n')); }

  // A job of two steps that has ended.
  void SetFinished(const std::string& id, v1::Job::State state, v1::Finished::State end) {
    server_.SetJobs({JobNamed(id, state)});
    std::vector<v1::JobEvent> events = {AcceptedEvent(), ProgressEvent(1, 1, 30, 20, 10, 0),
                                        ChangedEvent(1, 0.02), ProgressEvent(2, 1, 20, 10, 10, 500)};
    for (const v1::JobEvent& part : ResultEvents(1, 20, "PAINTED", 3)) {
      events.push_back(part);
    }
    events.push_back(FinishedEvent(end));
    server_.SetEvents("jobs/" + id, Numbered(events));
  }

  FakeServer server_;
  const std::string dir_ = MakeTestDir();
  std::string out_;
  std::string err_;
};

TEST_F(JobsCommandTest, ListsTheNewestAndThoseThatGoOn) {
  std::vector<v1::Job> jobs;
  for (int i = 0; i < 25; ++i) {
    jobs.push_back(JobNamed("job" + std::to_string(i),
                            i == 3 || i == 22 ? v1::Job::STATE_RUNNING : v1::Job::STATE_SUCCEEDED));
  }
  server_.SetJobs(jobs);
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_THAT(out_, StartsWith("JOB    STATE      PRIORITY  MODEL  SIZE  PROGRESS  LOSS  AGE"));
  EXPECT_EQ(Lines(), 1 + 20 + 1);
  EXPECT_THAT(out_, HasSubstr("\njob22  running    normal    -      -     120/300   -     "));
  EXPECT_EQ(Run({"list", "--order", "iteration"}), 0);
  EXPECT_EQ(Lines(), 1 + 20);
  EXPECT_EQ(Run({"list", "--all", "--filter", "detached = true"}), 0);
  EXPECT_EQ(Lines(), 1 + 25);
  EXPECT_EQ(Run({"list", "--filter", "detached = true"}), 0);
  ASSERT_THAT(server_.lists(), SizeIs(6));
  EXPECT_EQ(server_.lists()[1].filter(), "NOT (state = SUCCEEDED OR state = CANCELLED OR state = FAILED)");
  EXPECT_EQ(server_.lists()[2].order_by(), "iteration");
  EXPECT_EQ(server_.lists()[5].filter(),
            "(detached = true) AND NOT (state = SUCCEEDED OR state = CANCELLED OR state = FAILED)");
}

TEST_F(JobsCommandTest, ListsAsJson) {
  server_.SetJobs({JobNamed("a", v1::Job::STATE_RUNNING)});
  EXPECT_EQ(Run({"list", "--json"}), 0);
  EXPECT_EQ(out_,
            "{\n \"jobs\": [\n  {\n   \"name\": \"jobs/a\",\n   \"state\": \"STATE_RUNNING\",\n"
            "   \"iteration\": 120,\n   \"iterations\": 300,\n   \"create_time\": \"1970-01-01T00:16:40Z\"\n "
            " }\n ]\n}\n");
}

TEST_F(JobsCommandTest, ABadFilterIsTheUsers) {
  server_.SetUnaryStatus(
      StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT, "filter: unknown field \"x\"", "filter", "BAD"));
  EXPECT_EQ(Run({"list", "--filter", "x = 1"}), 1);
  EXPECT_EQ(err_, "impasto: filter: unknown field \"x\"\n  At fault: --filter\n");
}

TEST_F(JobsCommandTest, ShowsOneByNameStartOrAge) {
  v1::Job mine = JobNamed("3f2a90c1", v1::Job::STATE_PAUSED);
  mine.set_client(CliClientName());
  server_.SetJobs(
      {JobNamed("b0c1d2e3", v1::Job::STATE_RUNNING), mine, JobNamed("b0c1ffff", v1::Job::STATE_RUNNING)});
  for (const std::string name : {"jobs/3f2a90c1", "3f2a90c1", "3f2a", "jobs/3f2a9", "last"}) {
    EXPECT_EQ(Run({"show", name}), 0) << err_;
    EXPECT_THAT(out_, StartsWith("job            jobs/3f2a90c1\n"));
  }
  EXPECT_THAT(out_, HasSubstr("\nstate          paused\n"));
  EXPECT_EQ(Run({"show", "3f2a", "--json"}), 0);
  EXPECT_THAT(out_, StartsWith("{\n \"name\": \"jobs/3f2a90c1\",\n"));

  EXPECT_EQ(Run({"show", "b0c1"}), 1);
  EXPECT_EQ(err_, "impasto: \"b0c1\" is the start of several jobs: b0c1d2e3, b0c1ffff\n");
  EXPECT_EQ(Run({"show", "3f2"}), 1) << "too short for a start";
  EXPECT_THAT(err_, StartsWith("impasto: no job \"jobs/3f2\"\n"));
  EXPECT_EQ(Run({"show", "ffff"}), 1);
  EXPECT_EQ(err_,
            "impasto: no job \"jobs/ffff\"\n  `impasto jobs list --all` shows the jobs that there are.\n");
  EXPECT_EQ(Run({"show", "a\"b*"}), 1);
  EXPECT_EQ(err_, "impasto: \"a\"b*\" isn't the name of a job\n");
  server_.SetJobs({});
  EXPECT_EQ(Run({"show", "last"}), 1);
  EXPECT_THAT(err_, StartsWith("impasto: last: the server has no job of yours\n"));
}

TEST_F(JobsCommandTest, PausesResumesAndCancelsEach) {
  server_.SetJobs({JobNamed("a", v1::Job::STATE_RUNNING), JobNamed("b", v1::Job::STATE_RUNNING)});
  EXPECT_EQ(Run({"pause", "a", "none", "b"}), 1);
  EXPECT_EQ(out_, "jobs/a: paused\njobs/b: paused\n");
  EXPECT_THAT(err_, StartsWith("impasto: no job \"jobs/none\"\n"));
  EXPECT_EQ(Run({"resume", "a"}), 0);
  EXPECT_EQ(out_, "jobs/a: running\n");
  EXPECT_EQ(Run({"cancel", "jobs/a", "b"}), 0);
  EXPECT_EQ(out_, "jobs/a: cancelled\njobs/b: cancelled\n");
}

TEST_F(JobsCommandTest, RemovesWhatHasEndedAndWithForceTheRest) {
  server_.SetJobs({JobNamed("a", v1::Job::STATE_RUNNING), JobNamed("b", v1::Job::STATE_SUCCEEDED)});
  EXPECT_EQ(Run({"rm", "a", "b"}), 1);
  EXPECT_EQ(out_, "jobs/b: removed\n");
  EXPECT_THAT(err_, StartsWith("impasto: \"jobs/a\" hasn't ended: cancel it first\n"));
  EXPECT_EQ(Run({"rm", "--force", "a"}), 0);
  EXPECT_EQ(out_, "jobs/a: removed\n");
  EXPECT_THAT(server_.calls(),
              ElementsAre("GetJob jobs/a", "DeleteJob jobs/a", "GetJob jobs/b", "DeleteJob jobs/b",
                          "GetJob jobs/a", "CancelJob jobs/a", "DeleteJob jobs/a"));
  EXPECT_THAT(server_.watches(), SizeIs(1)) << "to its end";
}

TEST_F(JobsCommandTest, UpdatesAndSaysFromWhenOn) {
  server_.SetJobs({JobNamed("a", v1::Job::STATE_RUNNING)});
  EXPECT_EQ(Run({"update", "a", "--style-weight", "2e-2", "--name", "Sunday"}), 0);
  EXPECT_THAT(out_, StartsWith("jobs/a: from iteration 121 on: "));
  EXPECT_THAT(out_, HasSubstr("\njobs/a: name \"Sunday\"\n"));
  ASSERT_THAT(server_.updates(), SizeIs(1));
  EXPECT_EQ(server_.updates()[0].job().name(), "jobs/a");
  EXPECT_EQ(server_.updates()[0].job().recipe().style_weight(), 0.02);
  EXPECT_EQ(Run({"update", "a"}), 2);
  EXPECT_EQ(err_, "impasto: nothing to update: see impasto jobs update --help\n");
  EXPECT_EQ(Run({"update", "a", "--detach", "--attach"}), 2);
  EXPECT_THAT(server_.updates(), SizeIs(1));
}

TEST_F(JobsCommandTest, WatchesAndWritesTheResult) {
  SetFinished("a", v1::Job::STATE_SUCCEEDED, v1::Finished::STATE_SUCCEEDED);
  EXPECT_EQ(Run({"watch", "a", "-o", dir_ + "out.png", "--loss-csv", dir_ + "losses.csv"}), 0) << err_;
  EXPECT_EQ(out_, dir_ + "out.png\n");
  EXPECT_THAT(err_, HasSubstr("1/1  loss 20"));
  EXPECT_EQ(ReadFile(dir_ + "out.png"), "PAINTED");
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"),
            "iteration,total,content,style,seconds,level,change\n1,30,20,10,0,0,\n"
            "2,20,10,10,0.5,0,style_weight=0.02\n");
  EXPECT_EQ(Run({"watch", "a"}), 0) << "to look on";
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Run({"watch", "a", "-o", dir_ + "out.jpg"}), 2);
  EXPECT_EQ(err_, "impasto: " + dir_ + "out.jpg: the result of jobs/a is a .png file\n");
}

TEST_F(JobsCommandTest, InterruptingAWatchCancels) {
  server_.SetJobs({JobNamed("a", v1::Job::STATE_RUNNING)});
  server_.SetWatch([](const v1::WatchJobRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent());
    stream.Send(ProgressEvent(1, 1, 30, 20, 10, 0));
    if (stream.WaitForCancelJob()) {
      stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
    }
    return grpc::Status::OK;
  });
  CliProcess process({"jobs", "watch", "a", "--server", server_.address()});
  ASSERT_TRUE(process.WaitForStderr("0/1  loss"));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  EXPECT_THAT(process.err(), HasSubstr("\nCancelled\n"));
}

TEST_F(JobsCommandTest, FetchesResults) {
  SetFinished("a", v1::Job::STATE_SUCCEEDED, v1::Finished::STATE_SUCCEEDED);
  EXPECT_EQ(Run({"result", "a", "-o", dir_ + "out.png"}), 0) << err_;
  EXPECT_EQ(out_, dir_ + "out.png\n");
  EXPECT_EQ(err_, "");
  EXPECT_EQ(ReadFile(dir_ + "out.png"), "PAINTED");
  EXPECT_EQ(Run({"result", "a"}), 2);
}

TEST_F(JobsCommandTest, AResultIsWaitedForWhereAsked) {
  SetFinished("a", v1::Job::STATE_RUNNING, v1::Finished::STATE_SUCCEEDED);
  EXPECT_EQ(Run({"result", "a", "-o", dir_ + "out.png"}), 1);
  EXPECT_EQ(err_, "impasto: jobs/a is running (120/300)\n  --wait waits for its end.\n");
  EXPECT_THAT(ListDir(dir_), IsEmpty());
  EXPECT_EQ(Run({"result", "a", "-o", dir_ + "out.png", "--wait"}), 0);
  EXPECT_EQ(ReadFile(dir_ + "out.png"), "PAINTED");
}

TEST_F(JobsCommandTest, ACancelledJobsBestIsAResult) {
  SetFinished("a", v1::Job::STATE_CANCELLED, v1::Finished::STATE_CANCELLED);
  EXPECT_EQ(Run({"result", "a", "-o", dir_ + "out.png"}), 0);
  EXPECT_EQ(
      err_,
      "jobs/a didn't come to its end (the job was cancelled); this is its best picture, of iteration 1\n");
  EXPECT_EQ(ReadFile(dir_ + "out.png"), "PAINTED");
  server_.SetEvents("jobs/a", Numbered({AcceptedEvent(), FinishedEvent(v1::Finished::STATE_CANCELLED)}));
  EXPECT_EQ(Run({"result", "a", "-o", dir_ + "none.png"}), 1);
  EXPECT_EQ(err_, "impasto: the job was cancelled\n");
  EXPECT_THAT(ListDir(dir_), ElementsAre("out.png"));
}

}  // namespace
}  // namespace impasto::cli
