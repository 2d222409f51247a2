// Jobs over gRPC: they outlive streams and servers, change while they run, and share the device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using testing::Ask;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobNow;
using testing::JobOutcome;
using testing::kNeverDone;
using ::testing::Not;
using testing::RunJob;
using testing::RunningServer;
using ::testing::SizeIs;
using testing::SmallRequest;
using testing::WatchJob;
using Stub = v1::Stylization::Stub;

void ExpectWhole(const JobOutcome& outcome) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_THAT(outcome.faults, IsEmpty());
  EXPECT_EQ(outcome.finished.state(), v1::Finished::STATE_SUCCEEDED);
  EXPECT_FALSE(outcome.picture.data.empty());
}

// What the same request, with this recipe, paints from start to end.
std::string Paint(Stub& stub, v1::StylizeRequest request, const v1::Recipe& recipe) {
  *request.mutable_recipe() = recipe;
  request.clear_request_id();
  const JobOutcome outcome = RunJob(stub, request);
  ExpectWhole(outcome);
  return outcome.picture.data;
}

class JobsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(imaging::Init(1).ok());
    weights_ = new testing::TempDir;
    testing::WriteSmallModel(weights_->path(), "vgg19");
    server_ = new RunningServer(testing::StartServer(weights_->path()));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete weights_;
  }
  static Stub& stub() { return *server_->stylization; }

  static testing::TempDir* weights_;
  static RunningServer* server_;
};
testing::TempDir* JobsTest::weights_ = nullptr;
RunningServer* JobsTest::server_ = nullptr;

TEST_F(JobsTest, ADetachedJobOutlivesItsStream) {
  v1::StylizeRequest request = SmallRequest(200);
  request.set_display_name("in the garden");
  const std::string name = testing::Detach(stub(), request);
  const v1::Job job = testing::WaitForState(stub(), name, v1::Job::STATE_SUCCEEDED);
  EXPECT_TRUE(job.has_result());
  EXPECT_EQ(job.display_name(), "in the garden");
  EXPECT_EQ(job.iteration(), 200);
  EXPECT_EQ(job.watchers(), 0);
  const JobOutcome watched = WatchJob(stub(), name);
  ExpectWhole(watched);
  EXPECT_THAT(watched.progress, SizeIs(201));
  EXPECT_EQ(watched.last_whole, job.last_event());
  EXPECT_TRUE(watched.picture.data == Paint(stub(), request, request.recipe()));
}

TEST_F(JobsTest, WatchesBeginBehindAnyEvent) {
  const JobOutcome all = RunJob(stub(), SmallRequest(60));
  ExpectWhole(all);
  const int64_t last = all.events.back().sequence();
  for (const int64_t after : {int64_t{1}, int64_t{2}, last / 2, last - 2, last - 1, last}) {
    const JobOutcome rest = WatchJob(stub(), all.accepted.job(), after);
    EXPECT_TRUE(rest.status.ok());
    EXPECT_THAT(rest.faults, IsEmpty());
    const auto expected = std::count_if(all.events.begin(), all.events.end(),
                                        [&](const v1::JobEvent& event) { return event.sequence() > after; });
    ASSERT_THAT(rest.events, SizeIs(expected)) << "after " << after;
    for (size_t i = 0; i < rest.events.size(); ++i) {
      const v1::JobEvent& same = all.events[all.events.size() - rest.events.size() + i];
      EXPECT_EQ(rest.events[i].SerializeAsString(), same.SerializeAsString());
    }
  }
}

TEST_F(JobsTest, AnUpdateIsToldListedAndMakesTheSamePictureAgain) {
  v1::Job changed;
  const JobOutcome outcome =
      RunJob(stub(), SmallRequest(kNeverDone),
             testing::AtIteration(20, [&](const std::string& job, grpc::ClientContext&) {
               const auto update = testing::StyleWeightUpdate(job, 3e7);
               const grpc::Status status = Ask(stub(), &Stub::UpdateJob, update, &changed);
               EXPECT_TRUE(status.ok()) << status.error_message();
               testing::EndSoon(stub(), job, 200);
             }));
  ExpectWhole(outcome);
  EXPECT_EQ(changed.recipe().style_weight(), 3e7);
  ASSERT_THAT(changed.original_recipe().changes(), SizeIs(1));
  EXPECT_EQ(changed.original_recipe().changes(0).style_weight(), 3e7);
  EXPECT_EQ(changed.original_recipe().style_weight(), 1e6);

  // The stream tells of both changes where they took effect.
  const v1::Job job = JobNow(stub(), outcome.accepted.job());
  ASSERT_THAT(outcome.changes, SizeIs(2));
  ASSERT_THAT(job.original_recipe().changes(), SizeIs(2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(outcome.changes[static_cast<size_t>(i)].SerializeAsString(),
              job.original_recipe().changes(i).SerializeAsString());
  }
  EXPECT_EQ(outcome.changes[0].SerializeAsString(), changed.original_recipe().changes(0).SerializeAsString());
  int before = 0;
  for (const v1::JobEvent& event : outcome.events) {
    if (event.has_progress()) before = event.progress().iteration();
    if (event.has_changed()) EXPECT_EQ(event.changed().iteration(), before);
  }
  EXPECT_EQ(outcome.progress.back().iteration(), job.recipe().iterations() + 1);

  EXPECT_TRUE(outcome.picture.data == Paint(stub(), SmallRequest(1), job.original_recipe()));
  v1::Recipe unchanged = job.original_recipe();
  unchanged.mutable_changes()->DeleteSubrange(0, 1);
  EXPECT_TRUE(outcome.picture.data != Paint(stub(), SmallRequest(1), unchanged));
}

TEST_F(JobsTest, APausedJobStandsStillAndGoesOn) {
  v1::StylizeRequest request = SmallRequest(kNeverDone);
  const std::string name = testing::Detach(stub(), request);
  testing::WaitForJob(stub(), name, [](const v1::Job& job) { return job.iteration() > 5; });
  v1::Job job;
  ASSERT_TRUE(Ask(stub(), &Stub::PauseJob, testing::Named<v1::PauseJobRequest>(name), &job).ok());
  EXPECT_EQ(job.state(), v1::Job::STATE_PAUSED);
  // Another job has the device to itself; the paused one made at most the step that was under way.
  ExpectWhole(RunJob(stub(), SmallRequest(50)));
  EXPECT_LE(JobNow(stub(), name).iteration(), job.iteration() + 1);
  EXPECT_EQ(JobNow(stub(), name).state(), v1::Job::STATE_PAUSED);
  // It can be changed meanwhile.
  ASSERT_TRUE(Ask(stub(), &Stub::UpdateJob, testing::StyleWeightUpdate(name, 2e6), &job).ok());
  ASSERT_TRUE(Ask(stub(), &Stub::ResumeJob, testing::Named<v1::ResumeJobRequest>(name), &job).ok());
  testing::EndSoon(stub(), name, 200);
  const JobOutcome outcome = WatchJob(stub(), name);
  ExpectWhole(outcome);
  std::vector<v1::Job::State> states;
  for (const v1::StateChanged& change : outcome.states) states.push_back(change.state());
  EXPECT_THAT(states, ElementsAre(v1::Job::STATE_PAUSED, v1::Job::STATE_RUNNING));
  EXPECT_TRUE(outcome.picture.data == Paint(stub(), SmallRequest(1), JobNow(stub(), name).original_recipe()));
}

TEST_F(JobsTest, ListsAreFilteredOrderedAndPaged) {
  const RunningServer server = testing::StartServer(weights_->path());
  Stub& stub = *server.stylization;
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    v1::StylizeRequest request = SmallRequest(1 + i);
    request.set_display_name("picture " + std::to_string(i));
    if (i == 3) request.set_priority(v1::PRIORITY_BATCH);
    const JobOutcome outcome = RunJob(stub, request);
    ExpectWhole(outcome);
    names.push_back(outcome.accepted.job());
  }
  names.push_back(testing::Detach(stub, SmallRequest(kNeverDone)));
  testing::WaitForState(stub, names.back(), v1::Job::STATE_RUNNING);
  const auto list = [&](const std::string& filter, const std::string& order, int page_size) {
    v1::ListJobsRequest request;
    request.set_filter(filter);
    request.set_order_by(order);
    request.set_page_size(page_size);
    std::vector<int> found;
    int pages = 0;
    do {
      v1::ListJobsResponse response;
      const grpc::Status status = Ask(stub, &Stub::ListJobs, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_LE(response.jobs_size(), page_size);
      for (const v1::Job& job : response.jobs()) {
        const auto at = std::find(names.begin(), names.end(), job.name());
        found.push_back(static_cast<int>(at - names.begin()));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty() && ++pages < 10);
    return found;
  };
  EXPECT_THAT(list("", "", 50), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_THAT(list("", "create_time", 4), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(list("state = SUCCEEDED", "create_time", 2), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(list("state = RUNNING", "", 2), ElementsAre(5));
  EXPECT_THAT(list("priority = BATCH OR NOT end_time:*", "create_time", 9), ElementsAre(3, 5));
  EXPECT_THAT(list("display_name = \"picture 2\" OR (iteration = 4 AND end_time:*)", "iteration desc", 9),
              ElementsAre(3, 2));
  EXPECT_THAT(list("detached = true", "", 9), ElementsAre(5));
  EXPECT_THAT(list("name = " + names[1], "", 9), ElementsAre(1));
  EXPECT_THAT(list("client = nobody", "", 9), IsEmpty());
}

TEST_F(JobsTest, ARequestThatComesAgainIsTheSameJob) {
  v1::StylizeRequest request = SmallRequest(kNeverDone);
  request.set_request_id("jobs_test-again");
  const JobOutcome broken =
      RunJob(stub(), request, testing::AtIteration(10, [](const std::string&, grpc::ClientContext& context) {
               context.TryCancel();
             }));
  EXPECT_EQ(broken.status.error_code(), grpc::StatusCode::CANCELLED);
  testing::WaitForState(stub(), broken.accepted.job(), v1::Job::STATE_ORPHANED);
  const JobOutcome again =
      RunJob(stub(), request, testing::AtIteration(1, [](const std::string& job, grpc::ClientContext&) {
               testing::EndSoon(stub(), job, 200);
             }));
  ExpectWhole(again);
  EXPECT_EQ(again.accepted.job(), broken.accepted.job());
  EXPECT_TRUE(again.accepted.attached());
  EXPECT_FALSE(broken.accepted.attached());
  // And once more, now that it has ended.
  const JobOutcome ended = RunJob(stub(), request);
  ExpectWhole(ended);
  EXPECT_EQ(ended.accepted.job(), broken.accepted.job());
  EXPECT_TRUE(ended.picture.data == again.picture.data);
}

TEST_F(JobsTest, AnOrphanIsCancelledAfterItsGrace) {
  for (const std::string grace : {"0s", "1s"}) {
    const RunningServer server = testing::StartServer(weights_->path(), {"--orphan-grace", grace});
    const JobOutcome left =
        RunJob(*server.stylization, SmallRequest(kNeverDone),
               testing::AtIteration(
                   3, [](const std::string&, grpc::ClientContext& context) { context.TryCancel(); }));
    const v1::Job job =
        testing::WaitForState(*server.stylization, left.accepted.job(), v1::Job::STATE_CANCELLED);
    EXPECT_TRUE(job.has_result());  // the best picture so far
  }
}

TEST_F(JobsTest, AKeptStyleIsReadOnceAndItsStatisticsAreComputedOnce) {
  const testing::TempDir state;
  const RunningServer server = testing::StartServer(weights_->path(), {"--state-dir", state.path()});
  v1::StylizeRequest request = SmallRequest(20);
  const JobOutcome inline_style = RunJob(*server.stylization, request);
  ExpectWhole(inline_style);

  v1::CreateStyleRequest create;
  create.mutable_picture()->set_encoded(testing::Png(testing::Painting(44, 40)));
  create.set_display_name("waves");
  v1::Style style, again;
  grpc::Status status = Ask(*server.styles, &v1::Styles::Stub::CreateStyle, create, &style);
  ASSERT_TRUE(status.ok()) << status.error_message();
  status = Ask(*server.styles, &v1::Styles::Stub::CreateStyle, create, &again);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(again.name(), style.name());
  EXPECT_EQ(style.width(), 44);
  EXPECT_FALSE(style.thumbnail().empty());
  v1::ListStylesResponse styles;
  status = Ask(*server.styles, &v1::Styles::Stub::ListStyles, v1::ListStylesRequest(), &styles);
  EXPECT_THAT(styles.styles(), SizeIs(1));

  // Files of statistics, with the times when they were written.
  const auto statistics = [&] {
    std::map<std::string, std::filesystem::file_time_type> files;
    for (const auto& entry : std::filesystem::directory_iterator(state.File("styles/statistics"))) {
      files[entry.path().string()] = entry.last_write_time();
    }
    return files;
  };
  const size_t before = statistics().size();
  request.mutable_styles(0)->set_style(style.name());
  const JobOutcome first = RunJob(*server.stylization, request);
  ExpectWhole(first);
  const auto after_first = statistics();
  EXPECT_EQ(after_first.size(), before + 1);
  const JobOutcome second = RunJob(*server.stylization, request);
  ExpectWhole(second);
  EXPECT_EQ(statistics().size(), after_first.size());
  EXPECT_TRUE(second.picture.data == first.picture.data);
  // The same picture, sent along.
  *request.mutable_styles(0) = create.picture();
  EXPECT_TRUE(RunJob(*server.stylization, request).picture.data == first.picture.data);
  EXPECT_EQ(statistics().size(), after_first.size());
  EXPECT_TRUE(inline_style.picture.data != first.picture.data);
}

TEST_F(JobsTest, AJobThatNeverFitsIsRefusedWithWhatFits) {
  const RunningServer server = testing::StartServer(weights_->path(), {"--memory-budget", "6M"});
  v1::EstimateJobRequest estimate;
  *estimate.mutable_request() = SmallRequest(5);
  estimate.mutable_request()->mutable_content()->set_encoded(testing::Png(testing::Photograph(320, 240)));
  v1::EstimateJobResponse forecast;
  grpc::Status status = Ask(*server.stylization, &Stub::EstimateJob, estimate, &forecast);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(forecast.width(), 320);
  EXPECT_EQ(forecast.memory().budget_bytes(), 6 << 20);
  EXPECT_GT(forecast.memory().peak_bytes(), 6 << 20);
  ASSERT_GE(forecast.memory().largest_max_size(), 48);
  ASSERT_LT(forecast.memory().largest_max_size(), 320);

  const JobOutcome refused = RunJob(*server.stylization, estimate.request());
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(testing::FactOf(refused.status, "forecast_bytes"),
            std::to_string(forecast.memory().peak_bytes()));
  EXPECT_EQ(testing::FactOf(refused.status, "budget_bytes"), std::to_string(6 << 20));
  EXPECT_EQ(testing::FactOf(refused.status, "largest_max_size"),
            std::to_string(forecast.memory().largest_max_size()));
  EXPECT_THAT(refused.events, IsEmpty());

  estimate.mutable_request()->mutable_recipe()->set_max_size(forecast.memory().largest_max_size());
  const JobOutcome fits = RunJob(*server.stylization, estimate.request());
  ExpectWhole(fits);
  EXPECT_EQ(fits.accepted.width(), forecast.memory().largest_max_size());
  EXPECT_LE(fits.accepted.memory().peak_bytes(), 6 << 20);
  v1::ListJobsResponse jobs;
  status = Ask(*server.stylization, &Stub::ListJobs, v1::ListJobsRequest(), &jobs);
  EXPECT_THAT(jobs.jobs(), SizeIs(1));
}

TEST_F(JobsTest, AnInteractiveJobIsSeenBeforeALongOneMadeFiveSteps) {
  v1::StylizeRequest request = SmallRequest(2000);
  request.mutable_content()->set_encoded(testing::Png(testing::Photograph(1024, 768)));
  request.mutable_recipe()->set_max_size(1024);
  request.mutable_recipe()->set_pyramid_levels(1);
  const std::string long_job = testing::Detach(stub(), request);
  testing::WaitForJob(stub(), long_job, [](const v1::Job& job) { return job.iteration() >= 2; });

  v1::StylizeRequest quick = SmallRequest(20);
  quick.mutable_content()->set_encoded(testing::Png(testing::Photograph(256, 192)));
  quick.set_priority(v1::PRIORITY_INTERACTIVE);
  quick.mutable_preview()->set_every_iterations(1);
  int long_steps_at_preview = -1;
  const int long_steps = JobNow(stub(), long_job).iteration();
  const JobOutcome outcome = RunJob(stub(), quick, [&](const v1::JobEvent& event, grpc::ClientContext&) {
    if (event.has_preview() && long_steps_at_preview < 0)
      long_steps_at_preview = JobNow(stub(), long_job).iteration();
  });
  ExpectWhole(outcome);
  EXPECT_GE(long_steps_at_preview, long_steps);
  EXPECT_LT(long_steps_at_preview, long_steps + 5);
  EXPECT_EQ(outcome.accepted.jobs_ahead(), 1);
  EXPECT_TRUE(testing::CancelJob(stub(), long_job).ok());
}

TEST_F(JobsTest, TwoHundredWatchers) {
  const std::string name = testing::Detach(stub(), SmallRequest(kNeverDone));
  constexpr size_t kWatchers = 200;
  std::vector<JobOutcome> outcomes(kWatchers);
  std::vector<std::thread> threads;
  std::atomic<size_t> begun = 0;
  for (size_t i = 0; i < kWatchers; ++i) {
    threads.emplace_back([&, i] {
      bool first = true;
      outcomes[i] = WatchJob(stub(), name, 0, [&](const v1::JobEvent&, grpc::ClientContext&) {
        if (std::exchange(first, false)) ++begun;
      });
    });
  }
  const v1::Job watched = testing::WaitForJob(
      stub(), name, [&](const v1::Job& job) { return job.watchers() == kWatchers && begun == kWatchers; });
  EXPECT_EQ(watched.watchers(), 200);
  testing::EndSoon(stub(), name, 100);
  for (std::thread& thread : threads) thread.join();
  for (const JobOutcome& outcome : outcomes) {
    ExpectWhole(outcome);
    EXPECT_EQ(outcome.progress.size(), outcomes[0].progress.size());
    EXPECT_TRUE(outcome.picture.data == outcomes[0].picture.data);
  }
}

// It waits for the steps that the journal knows of, and makes no more of them.
TEST_F(JobsTest, APausedJobThatLostItsCheckpointCanBeChangedAllTheSame) {
  const testing::TempDir state;
  std::optional<RunningServer> server = testing::StartServer(weights_->path(), {"--state-dir", state.path()});
  const std::string name = testing::Detach(*server->stylization, SmallRequest(kNeverDone));
  testing::WaitForJob(*server->stylization, name, [](const v1::Job& job) { return job.iteration() > 20; });
  v1::Job job;
  ASSERT_TRUE(
      Ask(*server->stylization, &Stub::PauseJob, testing::Named<v1::PauseJobRequest>(name), &job).ok());
  server->process->Signal(SIGTERM);
  ASSERT_EQ(server->process->WaitForExit().value_or(-1), 0);
  ASSERT_TRUE(std::filesystem::remove(state.File(name + "/checkpoint")));
  server = testing::StartServer(weights_->path(), {"--state-dir", state.path()});
  const int steps = JobNow(*server->stylization, name).iteration();
  EXPECT_GE(steps, job.iteration());
  const grpc::Status status =
      Ask(*server->stylization, &Stub::UpdateJob, testing::StyleWeightUpdate(name, 3e6), &job);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(job.original_recipe().changes(0).iteration(), steps);
  EXPECT_EQ(job.state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(job.iteration(), steps);
}

// A server that is killed twice and comes back, and a client that doesn't let go of its job.
struct KillCase {
  const char* name;
  void (*choose)(v1::StylizeRequest& request);
};
void PrintTo(const KillCase& kill, std::ostream* out) { *out << kill.name; }

class KillTest : public ::testing::TestWithParam<KillCase> {};

TEST_P(KillTest, ThePictureIsThatOfARunThatNobodyDisturbed) {
  ASSERT_TRUE(imaging::Init(1).ok());
  const testing::TempDir weights, state;
  testing::WriteSmallModel(weights.path(), "vgg19");
  std::optional<RunningServer> server;
  const auto restart = [&] {
    server = std::nullopt;  // with SIGKILL, where it still runs
    server = testing::StartServer(weights.path(), {"--state-dir", state.path(), "--checkpoint-every", "0s"});
  };
  v1::StylizeRequest request = SmallRequest(240);
  request.mutable_content()->set_encoded(testing::Png(testing::Photograph(160, 128)));
  request.mutable_styles(0)->set_encoded(testing::Png(testing::Painting(160, 144)));
  request.mutable_recipe()->set_pyramid_levels(1);
  request.mutable_preview()->set_every_iterations(7);
  GetParam().choose(request);

  restart();
  std::string job;
  // Not before there is a checkpoint to go on from.
  const auto kill_at = [&](int iteration) {
    return [&, iteration](const v1::JobEvent& event, grpc::ClientContext&) {
      if (event.has_accepted()) job = event.accepted().job();
      if (event.progress().iteration() < iteration) return;
      if (std::filesystem::exists(state.File(job + "/checkpoint"))) server->process->Signal(SIGKILL);
    };
  };
  const auto update_at_40_and_kill_at_80 = [&](const v1::JobEvent& event, grpc::ClientContext& context) {
    kill_at(80)(event, context);
    if (event.progress().iteration() != 40) return;
    v1::Job changed;
    const auto update = testing::StyleWeightUpdate(job, 4e6);
    const grpc::Status status = Ask(*server->stylization, &Stub::UpdateJob, update, &changed);
    EXPECT_TRUE(status.ok()) << status.error_message();
  };
  JobOutcome outcome = RunJob(*server->stylization, request, update_at_40_and_kill_at_80);
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE) << outcome.status.error_message();
  restart();
  testing::GoOn(*server->stylization, &outcome, kill_at(160));
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE) << outcome.status.error_message();
  restart();
  restart();  // killed while it takes the job up
  testing::GoOn(*server->stylization, &outcome);
  ExpectWhole(outcome);
  EXPECT_THAT(outcome.progress, SizeIs(241));
  EXPECT_THAT(outcome.changes, SizeIs(1));
  EXPECT_THAT(server->process->output(), Not(HasSubstr("begins anew")));

  const RunningServer other = testing::StartServer(weights.path());
  *request.mutable_recipe() = JobNow(*server->stylization, job).original_recipe();
  const JobOutcome undisturbed = RunJob(*other.stylization, request);
  ExpectWhole(undisturbed);
  EXPECT_TRUE(outcome.picture.data == undisturbed.picture.data);
  EXPECT_EQ(outcome.result.SerializeAsString(), undisturbed.result.SerializeAsString());
  ASSERT_EQ(outcome.progress.size(), undisturbed.progress.size());
  for (size_t i = 0; i < outcome.progress.size(); ++i) {
    EXPECT_EQ(outcome.progress[i].total_loss(), undisturbed.progress[i].total_loss())
        << "evaluation " << i + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(All, KillTest,
                         ::testing::Values(KillCase{"Lbfgs",
                                                    [](v1::StylizeRequest& r) {
                                                      r.mutable_recipe()->set_optimizer(v1::OPTIMIZER_LBFGS);
                                                    }},
                                           KillCase{"Adam",
                                                    [](v1::StylizeRequest& r) {
                                                      r.mutable_recipe()->set_optimizer(v1::OPTIMIZER_ADAM);
                                                    }},
                                           KillCase{"LbfgsCoarseToFine",
                                                    [](v1::StylizeRequest& r) {
                                                      r.mutable_recipe()->set_optimizer(v1::OPTIMIZER_LBFGS);
                                                      r.mutable_recipe()->set_pyramid_levels(2);
                                                    }},
                                           KillCase{"AdamCoarseToFine",
                                                    [](v1::StylizeRequest& r) {
                                                      r.mutable_recipe()->set_optimizer(v1::OPTIMIZER_ADAM);
                                                      r.mutable_recipe()->set_pyramid_levels(2);
                                                    }}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace impasto
