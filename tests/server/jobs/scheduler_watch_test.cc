// Who watches a job, from where, and what becomes of it when nobody does; what is kept of it, and for how
// long.
#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;

TEST_F(SchedulerTest, AWatcherAttachesWhereItLeftOff) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  control->allowed.Add(2);
  EventReader first = Submit("a");
  first.Until("progress 2");
  EventReader second = Attach(first.job(), first.sequence());
  EventReader third = Attach(first.job());
  EXPECT_EQ(Get(first.job()).watchers(), 3);
  control->allowed.Add(kNoLimit);
  EXPECT_THAT(second.Until(""), ElementsAre("progress 3", "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_THAT(third.Until(""), ElementsAre("accepted", "progress 1", "progress 2", "progress 3", "progress 4",
                                           "result r3", "SUCCEEDED"));
  EXPECT_EQ(first.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, AWatcherAttachesToAJobThatHasEndedFromEachOfItsEvents) {
  FreeControl("a", 2);
  EventReader reader = Submit("a");
  const std::vector<Event> events = reader.Rest();
  const std::string name = reader.job();
  reader.Close();
  for (size_t i = 0; i <= events.size(); ++i) {
    EventReader late = Attach(name, i == 0 ? 0 : events[i - 1].message.sequence());
    const std::vector<Event> rest = late.Rest();
    EXPECT_EQ(Describe(rest), Describe(std::vector<Event>(events.begin() + i, events.end())));
    EXPECT_EQ(late.EndStatus(), absl::OkStatus());
  }
  EXPECT_EQ(Get(name).watchers(), 0);
}

TEST_F(SchedulerTest, AnEventThatIsNotThereYet) {
  auto control = Control("a");
  EventReader reader = Submit("a");
  reader.Until("accepted");
  const absl::Status early = scheduler_->Attach(reader.job(), 2).status();
  EXPECT_EQ(early.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(early.message(), HasSubstr("after_event: 2 isn't there yet: the latest event is 1"));
  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(scheduler_->Attach(reader.job(), reader.sequence() + 1).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(SchedulerTest, ARequestThatComesAgainIsTheSameJob) {
  auto control = Control("a");
  v1::StylizeRequest request = Request("a");
  request.set_request_id("r1");
  EventReader first = Submit(request);
  EventReader second = Submit(request);
  EXPECT_EQ(second.job(), first.job());
  control->Free();
  EXPECT_EQ(first.End(), absl::OkStatus());
  const std::vector<Event> events = second.Rest();
  EXPECT_THAT(events, SizeIs(1 + 4 + 2));
  EXPECT_TRUE(events[0].message.accepted().attached());
  EXPECT_EQ(control->preparing.value(), 1);
  // After its end, too, and of its memory.
  EventReader third = Submit(request);
  EXPECT_EQ(third.job(), first.job());
  EXPECT_EQ(Describe(third.Rest()), Describe(events));
  // Another request, another client.
  request.mutable_recipe()->set_content_weight(2);
  const absl::Status refused = TrySubmit(request).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("request_id: \"r1\" was another request's"));
  EventReader other = Submit(request, "another client");
  EXPECT_NE(other.job(), first.job());
  EXPECT_EQ(other.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, ARequestIdIsFreeAgainOnceItsJobIsGone) {
  Control("a")->prepare_status = absl::NotFoundError("gone");
  v1::StylizeRequest request = Request("a");
  request.set_request_id("r1");
  EXPECT_EQ(Submit(request).End().code(), kNotFound);
  FreeControl("a");
  EventReader reader = Submit(request);
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(scheduler_->Delete(reader.job()), absl::OkStatus());
  EventReader again = Submit(request);
  EXPECT_NE(again.job(), reader.job());
  EXPECT_EQ(again.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, AnOrphanIsSetAsideAndGoesOnWhenSomebodyComesBack) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  EventReader other = Attach(reader.job());
  control->entered.WaitFor(1);
  const std::string name = reader.job();
  reader.Close();
  EXPECT_EQ(Get(name).state(), v1::Job::STATE_RUNNING);
  const double gone = clock_.NowSeconds();
  other.Close();
  v1::Job job = Get(name);
  EXPECT_EQ(job.state(), v1::Job::STATE_ORPHANED);
  EXPECT_EQ(job.watchers(), 0);
  EXPECT_EQ(job.expire_time().seconds(), 1234567890 + static_cast<int64_t>(gone) - 1000 + 100);
  control->allowed.Add(1);
  Probe();
  EXPECT_EQ(control->entered.value(), 1);
  control->checkpoints.WaitFor(1);
  clock_.Advance(90);
  scheduler_->Housekeep();
  EventReader back = Attach(name);
  job = Get(name);
  EXPECT_EQ(job.state(), v1::Job::STATE_RUNNING);
  EXPECT_FALSE(job.has_expire_time());
  control->allowed.Add(kNoLimit);
  clock_.Advance(1000);
  scheduler_->Housekeep();
  const std::vector<Event> events = back.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "ORPHANED", "progress 1", "RUNNING", "progress 2",
                                            "progress 3", "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(events[7].picture->data, FakeResult(3));
}

TEST_F(SchedulerTest, AnOrphanIsCancelledWhenItsGraceIsOver) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  const std::string name = reader.job();
  reader.Close();
  control->allowed.Add(kNoLimit);
  Probe();
  clock_.Advance(101);
  scheduler_->Housekeep();
  AwaitState(name, v1::Job::STATE_CANCELLED);
  EventReader late = Attach(name);
  EXPECT_THAT(late.Until(""), ElementsAre("accepted", "ORPHANED", "progress 1", "result r1", "CANCELLED"));
  EXPECT_EQ(late.EndStatus()->code(), absl::StatusCode::kCancelled);
}

TEST_F(SchedulerTest, AnOrphanThatIsBeingPreparedIsCancelledToo) {
  auto control = FreeControl("a");
  control->may_prepare.Add(-kNoLimit);
  EventReader reader = Submit("a");
  const std::string name = reader.job();
  reader.Close();
  EXPECT_EQ(Get(name).state(), v1::Job::STATE_ORPHANED);
  control->preparing.WaitFor(1);
  clock_.Advance(101);
  scheduler_->Housekeep();
  EXPECT_EQ(scheduler_->Get(name).status().code(), kNotFound);
  control->may_prepare.Add(kNoLimit);
  control->freed.WaitFor(1);
}

TEST_F(SchedulerTest, ADetachedJobIsNoOrphan) {
  auto control = Control("a", 3);
  v1::StylizeRequest request = Request("a");
  request.set_detached(true);
  EventReader reader = Submit(request);
  const std::string name = reader.job();
  control->entered.WaitFor(1);
  reader.Close();
  EXPECT_EQ(Get(name).state(), v1::Job::STATE_RUNNING);
  clock_.Advance(1000);
  scheduler_->Housekeep();
  control->Free();
  AwaitState(name, v1::Job::STATE_SUCCEEDED);
}

TEST_F(SchedulerTest, WithoutGraceTheLastStreamsEndCancels) {
  options_.orphan_grace_seconds = 0;
  Create();
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  const std::string name = reader.job();
  control->entered.WaitFor(1);
  reader.Close();
  control->allowed.Add(kNoLimit);
  AwaitState(name, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(control->entered.value(), 1);
}

TEST_F(SchedulerTest, DeleteRefusesARunningJobAndForgetsOneThatHasEnded) {
  auto control = Control("a", 2);
  EventReader reader = Submit("a");
  const std::string name = reader.job();
  const absl::Status refused = scheduler_->Delete(name);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("hasn't ended: cancel it first"));
  EventReader slow = Attach(name);
  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(scheduler_->Delete(name), absl::OkStatus());
  EXPECT_EQ(scheduler_->Get(name).status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Attach(name, 0).status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Delete(name).code(), kNotFound);
  EXPECT_THAT(*journal_->LoadJobs(), SizeIs(0));
  EXPECT_FALSE(journal_->HasFile(name, JobFile::kResult));
  // Who watches it reads on.
  EXPECT_THAT(slow.Rest(), SizeIs(1 + 3 + 2));
}

TEST_F(SchedulerTest, WhatAJobWasMadeFromIsNotKept) {
  FreeControl("a");
  EventReader reader = Submit("a");
  EXPECT_EQ(reader.End(), absl::OkStatus());
  scheduler_ = nullptr;
  EXPECT_FALSE(journal_->HasFile(reader.job(), JobFile::kRequest));
  EXPECT_FALSE(journal_->HasFile(reader.job(), JobFile::kCheckpoint));
  EXPECT_TRUE(journal_->HasFile(reader.job(), JobFile::kResult));
}

TEST_F(SchedulerTest, ResultsAreKeptForTheirTime) {
  FreeControl("a", 1);
  EventReader reader = Submit("a");
  EXPECT_EQ(reader.End(), absl::OkStatus());
  const double week = 7 * 24 * 3600;
  clock_.Advance(week - 10);
  scheduler_->Housekeep();
  EXPECT_TRUE(scheduler_->Get(reader.job()).ok());
  clock_.Advance(20);
  scheduler_->Housekeep();
  EXPECT_EQ(scheduler_->Get(reader.job()).status().code(), kNotFound);
  EXPECT_THAT(*journal_->LoadJobs(), SizeIs(0));
}

TEST_F(SchedulerTest, TheOldestResultsGoFirst) {
  options_.max_ended_jobs = 2;
  Create();
  FreeControl("a", 1);
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    EventReader reader = Submit("a");
    EXPECT_EQ(reader.End(), absl::OkStatus());
    names.push_back(reader.job());
  }
  Probe();  // the last one is archived before it
  scheduler_->Housekeep();
  std::vector<bool> kept;
  for (const std::string& name : names) kept.push_back(scheduler_->Get(name).ok());
  EXPECT_THAT(kept, ElementsAre(false, false, false, true));
}

TEST_F(SchedulerTest, ResultsHaveALimitOfBytes) {
  FreeControl("a", 1);
  const int64_t bytes = static_cast<int64_t>(FakeResult(1).size()) + 4;
  options_.keep_results_bytes = 2 * bytes;
  Create();
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    EventReader reader = Submit("a");
    EXPECT_EQ(reader.End(), absl::OkStatus());
    names.push_back(reader.job());
    Await([&] { return journal_->FileBytes(names.back()) == bytes; });
  }
  scheduler_->Housekeep();
  EXPECT_EQ(scheduler_->Get(names[0]).status().code(), kNotFound);
  EXPECT_TRUE(scheduler_->Get(names[1]).ok());
  EXPECT_TRUE(scheduler_->Get(names[2]).ok());
}

TEST_F(SchedulerTest, JobsGoOnWhileTheJournalFails) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  journal_->Fail(absl::ResourceExhaustedError("disk full"));
  control->allowed.Add(kNoLimit);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events),
              ElementsAre("progress 2", "progress 3", "progress 4", "result r3", "SUCCEEDED"));
  // Its result is in memory alone, and can be had.
  EXPECT_EQ(Get(reader.job()).state(), v1::Job::STATE_SUCCEEDED);
  scheduler_->Housekeep();
  EventReader late = Attach(reader.job());
  EXPECT_THAT(late.Rest(), SizeIs(1 + 4 + 2));
  EXPECT_FALSE(journal_->HasFile(reader.job(), JobFile::kResult));
  // Another begins, and says that it isn't on disk.
  FreeControl("b", 1);
  const std::vector<Event> others = Submit("b").Rest();
  ASSERT_THAT(others, SizeIs(1 + 2 + 2));
  ASSERT_EQ(others[0].message.accepted().warnings_size(), 1);
  EXPECT_THAT(others[0].message.accepted().warnings(0), HasSubstr("isn't on disk"));

  journal_->Fail(absl::OkStatus());
  const int before = journal_->commits.value();
  scheduler_->Housekeep();
  journal_->commits.WaitFor(before + 1);
  EXPECT_TRUE(journal_->HasFile(reader.job(), JobFile::kResult));
  Probe();
  scheduler_->Housekeep();
  const auto archived = journal_->Copy();
  Restart(archived->Copy());
  EventReader restored = Attach(reader.job());
  const std::vector<Event> again = restored.Rest();
  ASSERT_THAT(again, SizeIs(1 + 4 + 2));
  EXPECT_EQ(again[5].picture->data, FakeResult(3));
}

TEST_F(SchedulerTest, ADeletedJobDoesNotComeBackWithTheJournal) {
  FreeControl("a", 1);
  journal_->Fail(absl::ResourceExhaustedError("disk full"));
  EventReader reader = Submit("a");
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(scheduler_->Delete(reader.job()), absl::OkStatus());
  journal_->Fail(absl::OkStatus());
  scheduler_->Housekeep();
  scheduler_ = nullptr;
  EXPECT_THAT(*journal_->LoadJobs(), SizeIs(0));
}

TEST_F(SchedulerTest, TwoHundredWatchersOfOneJob) {
  auto control = Control("a", 50);
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->set_every_iterations(1);
  EventReader first = Submit(request);
  std::vector<EventReader> readers;
  for (int i = 0; i < 200; ++i) readers.push_back(Attach(first.job()));
  EXPECT_EQ(Get(first.job()).watchers(), 201);
  control->Free();
  // Nobody has read anything yet.
  AwaitState(first.job(), v1::Job::STATE_SUCCEEDED);
  for (EventReader& reader : readers) {
    int progress = 0, previews = 0;
    for (const Event& event : reader.Rest()) {
      progress += event.message.has_progress() ? 1 : 0;
      previews += event.message.has_preview() ? 1 : 0;
    }
    EXPECT_EQ(progress, 51);
    EXPECT_EQ(previews, 1);
  }
}

}  // namespace
}  // namespace impasto::jobs
