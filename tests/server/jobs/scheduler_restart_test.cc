// Jobs that outlive their server: one that is stopped, and one that is killed.
#include <random>

#include "base/error_details.h"
#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class SchedulerRestartTest : public SchedulerTest {
 protected:
  // Losses that were read, in order.
  static std::vector<int> Iterations(const std::vector<Event>& events) {
    std::vector<int> iterations;
    for (const Event& event : events) {
      if (event.message.has_progress()) iterations.push_back(event.message.progress().iteration());
    }
    return iterations;
  }
  static std::vector<int> UpTo(int last) {
    std::vector<int> iterations;
    for (int i = 1; i <= last; ++i) iterations.push_back(i);
    return iterations;
  }
  static std::string ResultOf(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (event.message.has_result()) return event.picture->data;
    }
    return "";
  }
  void AwaitStopping() {
    Await([&] { return TrySubmit(Request("none")).status().code() == absl::StatusCode::kUnavailable; });
  }
  // The same jobs again, of works that wait for nothing.
  void RestartFree(const std::string& name, int iterations) {
    auto journal = journal_->Copy();
    FreeControl(name, iterations);
    Restart(std::move(journal));
  }
};

TEST_F(SchedulerRestartTest, AStoppedServersJobsGoOn) {
  auto control = Control("a", 6);
  control->allowed.Add(3);
  EventReader reader = Submit("a");
  std::vector<Event> events;
  while (Iterations(events).size() < 3) events.push_back(*reader.Next());
  control->entered.WaitFor(4);
  std::thread stop([&] { scheduler_->Stop(); });
  AwaitStopping();
  control->allowed.Add(1);
  while (std::optional<Event> event = reader.Next()) events.push_back(*std::move(event));
  stop.join();
  const absl::Status end = *reader.EndStatus();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(end.message(), HasSubstr(reader.job() + " goes on when it is back"));
  EXPECT_EQ(RetryAfterOf(end), 5);
  EXPECT_EQ(control->entered.value(), 4);
  EXPECT_EQ(control->checkpoints.value(), 1);
  EXPECT_EQ(scheduler_->Attach(reader.job(), 0).status(), absl::OkStatus());
  EXPECT_EQ(RetryAfterOf(TrySubmit(Request("a")).status()), 5);
  scheduler_->Stop();
  EXPECT_EQ(control->checkpoints.value(), 1);

  auto again = FreeControl("a", 6);
  Restart(std::move(journal_));
  EventReader second = Attach(reader.job(), reader.sequence());
  for (Event& event : second.Rest()) events.push_back(std::move(event));
  EXPECT_EQ(Iterations(events), UpTo(7));
  EXPECT_EQ(ResultOf(events), FakeResult(6));
  EXPECT_THAT(Describe(events), Contains("RUNNING"));
  EXPECT_EQ(second.EndStatus(), absl::OkStatus());
  EXPECT_EQ(again->entered.value(), 3);
}

TEST_F(SchedulerRestartTest, AKilledServersJobsGoOnFromAnyMoment) {
  constexpr int kIterations = 60;
  options_.checkpoint_seconds = 7;
  Create();
  FreeControl("a", kIterations);
  std::mt19937 random(1);
  // Server after server is killed, each after some of its events were read.
  EventReader first = Submit("a");
  const std::string name = first.job();
  std::vector<Event> events;
  events.push_back(*first.Next());
  int64_t sequence = first.sequence();
  auto journal = journal_->Copy();
  for (int restart = 0; restart < 12; ++restart) {
    Restart(std::move(journal));
    EventReader reader = Attach(name, sequence);
    for (uint32_t i = random() % 8; i > 0; --i) {
      std::optional<Event> event = reader.Next();
      if (!event) break;
      sequence = event->message.sequence();
      events.push_back(*std::move(event));
    }
    journal = journal_->Copy();
  }
  Restart(std::move(journal));
  for (Event& event : Attach(name, sequence).Rest()) events.push_back(std::move(event));
  EXPECT_EQ(Iterations(events), UpTo(kIterations + 1));
  EXPECT_EQ(ResultOf(events), FakeResult(kIterations));
  EXPECT_EQ(Iterations(Attach(name).Rest()), UpTo(kIterations + 1));
}

TEST_F(SchedulerRestartTest, AChangeIsMadeAgainAtItsStep) {
  options_.checkpoint_seconds = 2;
  Create();
  auto control = Control("a", 6);
  control->allowed.Add(2);
  EventReader reader = Submit("a");
  reader.Until("progress 2");
  control->entered.WaitFor(3);
  control->checkpoints.WaitFor(1);
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name(reader.job());
  request.mutable_job()->mutable_recipe()->set_style_weight(5);
  request.mutable_update_mask()->add_paths("recipe.style_weight");
  Counter done;
  scheduler_->Update(request, [&](const absl::StatusOr<v1::Job>& job) {
    EXPECT_TRUE(job.ok());
    done.Add();
  });
  control->allowed.Add(1);
  done.WaitFor(1);
  // Killed before there is a checkpoint after the change.
  auto journal = journal_->Copy();
  control->allowed.Add(kNoLimit);
  control->may_result.Add(kNoLimit);
  FreeControl("a", 6);
  Restart(std::move(journal));
  const std::vector<Event> events = Attach(reader.job()).Rest();
  EXPECT_EQ(Iterations(events), UpTo(7));
  EXPECT_EQ(ResultOf(events), FakeResult(6, {{3, 5}}));
  const std::vector<std::string> words = Describe(events);
  EXPECT_EQ(std::count(words.begin(), words.end(), "changed 3"), 1);
}

TEST_F(SchedulerRestartTest, AChangeWaitsForTheStepsThatTheJournalKnows) {
  options_.checkpoint_seconds = 1000;
  Create();
  auto control = Control("a", 6);
  control->allowed.Add(4);
  EventReader reader = Submit("a");
  reader.Until("progress 4");
  auto journal = journal_->Copy();  // with no checkpoint
  control->Free();
  auto again = Control("a", 6);
  again->may_result.Add(kNoLimit);
  Restart(std::move(journal));
  again->entered.WaitFor(1);
  EXPECT_EQ(Get(reader.job()).iteration(), 4);
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name(reader.job());
  request.mutable_job()->mutable_recipe()->set_style_weight(5);
  request.mutable_update_mask()->add_paths("recipe.style_weight");
  Counter done;
  scheduler_->Update(request, [&](const absl::StatusOr<v1::Job>& job) {
    EXPECT_EQ(job->original_recipe().changes(0).iteration(), 4);
    done.Add();
  });
  again->allowed.Add(2);
  again->entered.WaitFor(3);
  EXPECT_EQ(Get(reader.job()).iteration(), 4);
  EXPECT_EQ(done.value(), 0);
  again->allowed.Add(kNoLimit);
  done.WaitFor(1);
  EXPECT_EQ(ResultOf(Attach(reader.job()).Rest()), FakeResult(6, {{4, 5}}));
}

TEST_F(SchedulerRestartTest, ADamagedCheckpointIsNoLoss) {
  options_.checkpoint_seconds = 2;
  Create();
  auto control = Control("a", 6);
  control->allowed.Add(4);
  EventReader reader = Submit("a");
  reader.Until("progress 4");
  Await([&] { return journal_->HasFile(reader.job(), JobFile::kCheckpoint); });
  auto journal = journal_->Copy();
  journal->PutFile(reader.job(), JobFile::kCheckpoint, "junk");
  control->Free();
  auto again = FreeControl("a", 6);
  Restart(std::move(journal));
  const std::vector<Event> events = Attach(reader.job()).Rest();
  EXPECT_EQ(Iterations(events), UpTo(7));
  EXPECT_EQ(ResultOf(events), FakeResult(6));
  EXPECT_EQ(again->entered.value(), 7);
  EXPECT_THAT(LogLines(), Contains(HasSubstr(": begins anew; its checkpoint is lost: no checkpoint")));
}

TEST_F(SchedulerRestartTest, AJobWhoseModelIsMissingWaitsForIt) {
  auto control = Control("a", 3);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  auto journal = journal_->Copy();
  control->Free();
  Control("a", 3)->prepare_status = absl::FailedPreconditionError("no vgg19");
  Restart(std::move(journal));
  EventReader second = Attach(reader.job(), reader.sequence());
  std::optional<Event> event = second.Next();
  while (event && Describe(*event) != "PAUSED") event = second.Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->message.state_changed().reason(), "it can't go on: no vgg19");
  EXPECT_EQ(Get(reader.job()).state(), v1::Job::STATE_PAUSED);
  FreeControl("a", 3);
  EXPECT_TRUE(scheduler_->Resume(reader.job()).ok());
  EXPECT_EQ(ResultOf(second.Rest()), FakeResult(3));
}

TEST_F(SchedulerRestartTest, AJobWhoseModelIsMissingCanBeCancelled) {
  auto control = Control("a", 3);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  control->entered.WaitFor(2);
  auto journal = journal_->Copy();
  control->Free();
  Control("a", 3)->prepare_status = absl::FailedPreconditionError("no vgg19");
  Restart(std::move(journal));
  AwaitState(reader.job(), v1::Job::STATE_PAUSED);
  EXPECT_TRUE(scheduler_->Cancel(reader.job()).ok());
  EXPECT_EQ(Attach(reader.job()).End().code(), absl::StatusCode::kCancelled);
}

TEST_F(SchedulerRestartTest, AJobWhoseRequestIsLostFails) {
  auto control = Control("a", 3);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  auto journal = journal_->Copy();
  EXPECT_EQ(journal->RemoveFile(reader.job(), JobFile::kRequest), absl::OkStatus());
  control->Free();
  Restart(std::move(journal));
  const absl::Status end = Attach(reader.job()).End();
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(end.message(), HasSubstr("its request is lost"));
}

TEST_F(SchedulerRestartTest, PausedJobsAndOrphansStayWhatTheyAre) {
  auto control = Control("a", 3);
  control->allowed.Add(1);
  v1::StylizeRequest request = Request("a");
  request.set_request_id("r1");
  EventReader paused = Submit(request);
  paused.Until("progress 1");
  EventReader gone = Submit("a");
  gone.Until("accepted");
  EXPECT_TRUE(scheduler_->Pause(paused.job()).ok());
  const std::string orphan = gone.job();
  gone.Close();
  paused.Until("PAUSED");
  Await([&] {
    const auto jobs = *journal_->LoadJobs();
    return std::count_if(jobs.begin(), jobs.end(), [](const JobRecord& record) {
             return record.job.state() == v1::Job::STATE_ORPHANED;
           }) == 1;
  });
  auto journal = journal_->Copy();
  control->Free();
  auto again = FreeControl("a", 3);
  Restart(std::move(journal));
  Probe();
  EXPECT_EQ(again->entered.value(), 0);
  EXPECT_EQ(Get(paused.job()).state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(Get(orphan).state(), v1::Job::STATE_ORPHANED);
  EventReader second = Submit(request);
  EXPECT_EQ(second.job(), paused.job());
  clock_.Advance(101);
  scheduler_->Housekeep();
  AwaitState(orphan, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(Get(paused.job()).state(), v1::Job::STATE_PAUSED);
  EXPECT_TRUE(scheduler_->Resume(paused.job()).ok());
  EXPECT_EQ(second.End(), absl::OkStatus());
}

TEST_F(SchedulerRestartTest, JobsThatHaveEndedAreStillThere) {
  FreeControl("a", 3);
  v1::StylizeRequest request = Request("a");
  request.set_request_id("r1");
  EventReader reader = Submit(request);
  const std::vector<Event> events = reader.Rest();
  reader.Close();
  RestartFree("a", 3);
  const v1::Job job = scheduler_->List().at(0);
  EXPECT_EQ(job.state(), v1::Job::STATE_SUCCEEDED);
  EXPECT_EQ(job.watchers(), 0);
  EventReader late = Attach(job.name(), events[2].message.sequence());
  EXPECT_THAT(late.Until(""), ElementsAre("progress 3", "progress 4", "result r3", "SUCCEEDED"));
  const std::vector<Event> again = Submit(request).Rest();
  EXPECT_EQ(Describe(again), Describe(events));
  EXPECT_EQ(ResultOf(again), FakeResult(3));
}

TEST_F(SchedulerRestartTest, WithAJournalThatDoesNotLastStopCancels) {
  options_.journal_lasts = false;
  Create();
  auto running = Control("a", 100);
  EventReader first = Submit("a");
  running->entered.WaitFor(1);
  auto waiting = FreeControl("b");
  EventReader second = Submit("b");
  second.Until("accepted");
  auto preparing = FreeControl("c");
  preparing->may_prepare.Add(-kNoLimit);
  EventReader third = Submit("c");
  preparing->preparing.WaitFor(1);
  std::thread stop([&] { scheduler_->Stop(); });
  const absl::Status stopping = absl::CancelledError("the server is stopping");
  EXPECT_EQ(third.End(), stopping);
  running->Free();
  EXPECT_EQ(first.End(), stopping);
  EXPECT_EQ(second.End(), stopping);
  stop.join();
  EXPECT_EQ(running->entered.value(), 1);
  EXPECT_EQ(TrySubmit(Request("b")).status().code(), absl::StatusCode::kUnavailable);
  preparing->may_prepare.Add(kNoLimit);
}

TEST_F(SchedulerRestartTest, StopWhileTheJournalFails) {
  auto control = Control("a", 6);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  journal_->Fail(absl::ResourceExhaustedError("disk full"));
  control->Free();
  Await([&] { return control->entered.value() >= 2; });
  scheduler_->Stop();
  const absl::Status end = reader.End();
  EXPECT_TRUE(end.ok() || end.code() == absl::StatusCode::kUnavailable) << end;
}

TEST_F(SchedulerRestartTest, UpdatesThatWaitAreRefusedByStop) {
  auto control = Control("a", 6);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name(reader.job());
  request.mutable_job()->set_display_name("new");
  request.mutable_update_mask()->add_paths("display_name");
  Counter done;
  scheduler_->Update(request, [&](const absl::StatusOr<v1::Job>& job) {
    EXPECT_EQ(job.status().code(), absl::StatusCode::kUnavailable);
    done.Add();
  });
  std::thread stop([&] { scheduler_->Stop(); });
  done.WaitFor(1);
  control->Free();
  stop.join();
}

TEST_F(SchedulerRestartTest, DrainLetsInteractiveJobsThatAreWatchedEnd) {
  auto watched = Control("watched", 3);
  EventReader a = Submit(Request("watched", v1::PRIORITY_INTERACTIVE), "a");
  watched->entered.WaitFor(1);
  auto left = FreeControl("left", 3);
  v1::StylizeRequest request = Request("left", v1::PRIORITY_INTERACTIVE);
  request.set_detached(true);
  EventReader b = Submit(request, "b");
  b.Until("accepted");
  b.Close();
  auto normal = FreeControl("normal", 3);
  EventReader c = Submit(Request("normal"), "c");
  c.Until("accepted");
  std::thread drain([&] { scheduler_->Drain(60); });
  AwaitStopping();
  watched->Free();
  EXPECT_EQ(a.End(), absl::OkStatus());
  drain.join();
  EXPECT_EQ(left->entered.value() + normal->entered.value(), 0);
  scheduler_->Stop();
  EXPECT_EQ(c.End().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SchedulerRestartTest, AClosedOneGoesOnWithTheJobsThatItHas) {
  auto control = FreeControl("a", 3);
  EventReader a = Submit(Request("a"));
  a.Until("accepted");
  scheduler_->Close();
  EXPECT_EQ(TrySubmit(Request("b")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(a.End(), absl::OkStatus());
}

TEST_F(SchedulerRestartTest, DrainHasItsTime) {
  auto control = Control("a", kNoLimit);
  EventReader reader = Submit(Request("a", v1::PRIORITY_INTERACTIVE));
  control->entered.WaitFor(1);
  Counter drained;
  std::thread drain([&] {
    scheduler_->Drain(60);
    drained.Add();
  });
  AwaitStopping();
  clock_.Advance(30);
  scheduler_->Housekeep();
  EXPECT_EQ(drained.value(), 0);
  clock_.Advance(31);
  scheduler_->Housekeep();
  drain.join();
  control->Free();
  scheduler_->Stop();
  EXPECT_EQ(reader.End().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SchedulerRestartTest, HurryEndsTheDrain) {
  auto control = Control("a", 100);
  EventReader reader = Submit(Request("a", v1::PRIORITY_INTERACTIVE));
  control->entered.WaitFor(1);
  std::thread drain([&] { scheduler_->Drain(1e9); });
  scheduler_->Hurry();
  drain.join();
  control->Free();
}

}  // namespace
}  // namespace impasto::jobs
