// A job from its request to its result, and all that can go wrong on the way.
#include "jobs/scheduler.h"

#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;
constexpr absl::StatusCode kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
const absl::Status kCancelled = absl::CancelledError("the job was cancelled");

TEST_F(SchedulerTest, RefusesBadOptions) {
  const auto code = [](const SchedulerOptions& options) {
    return Scheduler::Create(options).status().code();
  };
  EXPECT_EQ(code({}), absl::StatusCode::kInvalidArgument);
  for (const auto& spoil : std::vector<std::function<void(SchedulerOptions&)>>{
           [](auto& options) { options.clock = nullptr; }, [](auto& options) { options.journal = nullptr; },
           [](auto& options) { options.factory = nullptr; },
           [](auto& options) { options.wall_time = nullptr; }, [](auto& options) { options.max_jobs = 0; },
           [](auto& options) { options.max_jobs_per_client = 0; },
           [](auto& options) { options.max_ended_jobs = 0; },
           [](auto& options) { options.preparation_threads = 0; },
           [](auto& options) { options.memory_budget = 0; }}) {
    SchedulerOptions options = options_;
    spoil(options);
    EXPECT_EQ(code(options), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(SchedulerTest, AJobFromItsBeginningToItsEnd) {
  FreeControl("a");
  EventReader reader = Submit("a");
  EXPECT_THAT(reader.job(), MatchesRegex("jobs/[0-9a-f]{16}"));
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "progress 2", "progress 3",
                                            "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(reader.EndStatus(), absl::OkStatus());
  const v1::Accepted& accepted = events[0].message.accepted();
  EXPECT_EQ(accepted.job(), reader.job());
  EXPECT_EQ(accepted.jobs_ahead(), 0);
  EXPECT_EQ(accepted.recipe().iterations(), 3);
  EXPECT_FALSE(accepted.attached());
  // Each step takes a second; three are left after the first: two steps and the last evaluation.
  for (int i = 1; i <= 4; ++i) {
    const v1::Progress& progress = events[i].message.progress();
    EXPECT_EQ(Seconds(progress.elapsed()), i);
    EXPECT_EQ(Seconds(progress.remaining()), 4 - i);
    EXPECT_EQ(progress.total_loss(), 100 - i);
    EXPECT_EQ(progress.iterations(), 3);
  }
  EXPECT_EQ(events[5].message.result().iteration(), 3);
  EXPECT_EQ(events[5].message.result().total_loss(), 96);
  EXPECT_EQ(events[5].picture->data, FakeResult(3));
  EXPECT_EQ(Seconds(events[6].message.finished().elapsed()), 4);
  EXPECT_FALSE(events[6].message.finished().has_error());
  EXPECT_THAT(LogLines(), ElementsAre(reader.job() +
                                      ": fake: succeeded, 3 iterations, 4.0 s, 1.000 s/iteration, loss 96"));
}

TEST_F(SchedulerTest, WhatGetJobShowsThroughALife) {
  auto control = Control("a", 2);
  control->may_prepare.Add(-kNoLimit);
  v1::StylizeRequest request = Request("a", v1::PRIORITY_UNSPECIFIED);
  request.set_display_name("boat");
  request.set_request_id("r1");
  EventReader reader = Submit(request, "me");
  v1::Job job = Get(reader.job());
  EXPECT_EQ(job.state(), v1::Job::STATE_PREPARING);
  EXPECT_EQ(job.name(), reader.job());
  EXPECT_EQ(job.display_name(), "boat");
  EXPECT_EQ(job.request_id(), "r1");
  EXPECT_EQ(job.client(), "me");
  EXPECT_EQ(job.priority(), v1::PRIORITY_NORMAL);
  EXPECT_EQ(job.create_time().seconds(), 1234567890);
  EXPECT_EQ(job.watchers(), 1);
  EXPECT_EQ(job.last_event(), 0);

  auto other = Control("other");
  EventReader first = Submit("other");
  other->entered.WaitFor(1);
  control->may_prepare.Add(kNoLimit);
  EXPECT_EQ(reader.Next()->message.accepted().jobs_ahead(), 1);
  job = Get(reader.job());
  EXPECT_EQ(job.state(), v1::Job::STATE_WAITING);
  EXPECT_FALSE(job.has_start_time());
  EXPECT_EQ(job.iterations(), 2);
  EXPECT_EQ(job.memory().peak_bytes(), 10);
  EXPECT_EQ(job.last_event(), 1);

  clock_.Advance(5);
  other->Free();
  control->entered.WaitFor(1);
  job = Get(reader.job());
  EXPECT_EQ(job.state(), v1::Job::STATE_RUNNING);
  EXPECT_GE(job.start_time().seconds(), 1234567895);
  control->allowed.Add(1);
  EXPECT_EQ(Describe(*reader.Next()), "progress 1");
  job = Get(reader.job());
  EXPECT_EQ(job.iteration(), 1);
  EXPECT_EQ(job.total_loss(), 99);
  EXPECT_EQ(Seconds(job.device_time()), 1);
  EXPECT_EQ(Seconds(job.remaining()), 2);

  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
  job = Get(reader.job());
  EXPECT_EQ(job.state(), v1::Job::STATE_SUCCEEDED);
  EXPECT_TRUE(job.has_result());
  EXPECT_EQ(job.total_loss(), 97);
  EXPECT_TRUE(job.has_end_time());
  EXPECT_EQ(job.expire_time().seconds() - job.end_time().seconds(), 7 * 24 * 3600);
  EXPECT_FALSE(job.has_remaining());
  EXPECT_EQ(job.last_event(), reader.sequence());
  EXPECT_EQ(first.End(), absl::OkStatus());
  EXPECT_THAT(scheduler_->List(), SizeIs(2));
}

TEST_F(SchedulerTest, UnknownJobs) {
  EXPECT_EQ(scheduler_->Get("jobs/x").status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Attach("jobs/x", 0).status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Cancel("jobs/x").status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Pause("jobs/x").status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Resume("jobs/x").status().code(), kNotFound);
  EXPECT_EQ(scheduler_->Delete("jobs/x").code(), kNotFound);
  EXPECT_THAT(scheduler_->List(), SizeIs(0));
}

TEST_F(SchedulerTest, AcceptedIsSeenOnceTheJournalHasIt) {
  journal_->may_commit.Add(-kNoLimit);
  auto control = FreeControl("a");
  EventReader reader = Submit("a");
  journal_->commits.WaitFor(1);
  control->resulting.WaitFor(1);
  EXPECT_FALSE(reader.Poll().has_value());
  EXPECT_EQ(reader.EndStatus(), std::nullopt);
  EXPECT_TRUE(journal_->HasFile(reader.job(), JobFile::kRequest));
  journal_->may_commit.Add(kNoLimit);
  EXPECT_EQ(Describe(*reader.Next()), "accepted");
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, PreviewsAfterSoManySteps) {
  auto control = Control("a", 4);
  control->may_preview.Add(kNoLimit);
  control->may_result.Add(kNoLimit);
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->set_every_iterations(2);
  EventReader reader = Submit(request);
  std::vector<std::string> words = reader.Until("accepted");
  const auto read = [&](const std::string& last) {
    for (const std::string& word : reader.Until(last)) words.push_back(word);
  };
  // A step only when the event before it was read, so that no preview is superseded.
  for (int step = 1; step <= 5; ++step) {
    control->allowed.Add();
    read(absl::StrCat("progress ", step));
    if (step == 2 || step == 4) read(absl::StrCat("preview p", step));
  }
  read("SUCCEEDED");
  EXPECT_THAT(words, ElementsAre("accepted", "progress 1", "progress 2", "preview p2", "progress 3",
                                 "progress 4", "preview p4", "progress 5", "result r4", "SUCCEEDED"));
}

TEST_F(SchedulerTest, PreviewsAfterSoMuchTime) {
  FreeControl("a", 7);
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->mutable_interval()->set_seconds(2);
  request.mutable_preview()->mutable_interval()->set_nanos(500'000'000);
  // At 3 s and 6 s; whether the reader sees the first is the encoder's pace. The newest is always there.
  int newest = 0;
  for (const Event& event : Submit(request).Rest()) {
    if (!event.message.has_preview()) continue;
    newest = event.message.preview().iteration();
    EXPECT_TRUE(newest == 3 || newest == 6) << newest;
  }
  EXPECT_EQ(newest, 6);
}

TEST_F(SchedulerTest, TheLastEvaluationMakesNoPreview) {
  auto control = FreeControl("a", 1);
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->set_every_iterations(1);
  EXPECT_THAT(Describe(Submit(request).Rest()), UnorderedElementsAre("accepted", "progress 1", "preview p1",
                                                                     "progress 2", "result r1", "SUCCEEDED"));
  EXPECT_EQ(control->previewing.value(), 1);
}

TEST_F(SchedulerTest, TheDeviceGoesOnWhileAPreviewIsEncoded) {
  auto control = Control("a", 6);
  control->may_result.Add(kNoLimit);
  control->allowed.Add();
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->set_every_iterations(1);
  EventReader reader = Submit(request);
  control->previewing.WaitFor(1);
  // The encoder is busy with the first: all steps are made meanwhile, and of the other previews the newest is
  // left.
  control->allowed.Add(kNoLimit);
  control->freed.WaitFor(1);
  control->may_preview.Add(kNoLimit);
  reader.Until("SUCCEEDED");
  EXPECT_EQ(control->previewing.value(), 2);
  const std::vector<std::string> words = Describe(Attach(reader.job()).Rest());
  EXPECT_EQ(words.size(), 1 + 7 + 1 + 2u);
  EXPECT_EQ(words[words.size() - 3], "preview p6");
}

TEST_F(SchedulerTest, APreviewThatCannotBeEncodedIsSkipped) {
  auto control = FreeControl("a", 2);
  control->preview_status = absl::InternalError("no\nroom");
  v1::StylizeRequest request = Request("a");
  request.mutable_preview()->set_every_iterations(2);
  EventReader reader = Submit(request);
  EXPECT_THAT(reader.Rest(), SizeIs(1 + 3 + 2));
  EXPECT_EQ(reader.EndStatus(), absl::OkStatus());
  EXPECT_THAT(LogLines(), ElementsAre(reader.job() + ": no preview: no\\nroom", HasSubstr("succeeded")));
}

TEST_F(SchedulerTest, ARefusedJobHasAStatusAndLeavesNothing) {
  Control("a")->prepare_status = absl::InvalidArgumentError("content: is\nempty");
  EventReader reader = Submit("a");
  EXPECT_THAT(reader.Rest(), SizeIs(0));
  EXPECT_EQ(reader.EndStatus(), absl::InvalidArgumentError("content: is\nempty"));
  EXPECT_EQ(scheduler_->Get(reader.job()).status().code(), kNotFound);
  EXPECT_THAT(LogLines(), ElementsAre(reader.job() + ": refused (INVALID_ARGUMENT: content: is\\nempty)"));
  EXPECT_THAT(*journal_->LoadJobs(), SizeIs(0));
}

TEST_F(SchedulerTest, RunningOutOfMemoryEndsTheJobAlone) {
  Control("a")->prepare_throws = true;
  EXPECT_EQ(Submit("a").End().code(), absl::StatusCode::kResourceExhausted);
  auto control = FreeControl("b");
  control->failing_step = 2;
  control->throws = true;
  EXPECT_EQ(Submit("b").End().code(), absl::StatusCode::kResourceExhausted);
  FreeControl("c");
  EXPECT_EQ(Submit("c").End(), absl::OkStatus());
}

TEST_F(SchedulerTest, AFailingStepLeavesTheBestPictureSoFar) {
  FreeControl("a")->failing_step = 3;
  EventReader reader = Submit("a");
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "progress 2", "result r2", "FAILED"));
  EXPECT_EQ(events[3].picture->data, FakeResult(2));
  const absl::Status error = absl::DataLossError("the loss is not a number");
  EXPECT_EQ(reader.EndStatus(), error);
  EXPECT_EQ(events.back().message.finished().error().code(), static_cast<int>(error.code()));
  EXPECT_EQ(events.back().message.finished().error().message(), error.message());
  const v1::Job job = Get(reader.job());
  EXPECT_EQ(job.state(), v1::Job::STATE_FAILED);
  EXPECT_EQ(job.error().message(), error.message());
  EXPECT_TRUE(job.has_result());
  EXPECT_EQ(Attach(reader.job()).End(), error);
  EXPECT_THAT(LogLines(), ElementsAre(reader.job() + ": fake: failed (DATA_LOSS: the loss is not a number), "
                                                     "2 iterations, 3.0 s, 1.500 s/iteration, loss 98"));
}

TEST_F(SchedulerTest, AFailureBeforeTheFirstStepLeavesNone) {
  FreeControl("a")->failing_step = 1;
  EXPECT_THAT(Describe(Submit("a").Rest()), ElementsAre("accepted", "FAILED"));
  auto control = FreeControl("b");
  control->start_status = absl::FailedPreconditionError("no weights for block5_conv4");
  EventReader reader = Submit("b");
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("accepted", "FAILED"));
  EXPECT_EQ(reader.EndStatus(), absl::FailedPreconditionError("no weights for block5_conv4"));
  EXPECT_EQ(control->entered.value(), 0);
}

TEST_F(SchedulerTest, AResultThatCannotBeEncodedFailsTheJob) {
  FreeControl("a", 1)->result_status = absl::ResourceExhaustedError("too large");
  EventReader reader = Submit("a");
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("accepted", "progress 1", "progress 2", "FAILED"));
  EXPECT_EQ(reader.EndStatus(), absl::ResourceExhaustedError("too large"));
}

TEST_F(SchedulerTest, AFailedStepOutweighsAFailedPicture) {
  auto control = FreeControl("a");
  control->failing_step = 2;
  control->result_status = absl::InternalError("none");
  EventReader reader = Submit("a");
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("accepted", "progress 1", "FAILED"));
  EXPECT_EQ(reader.EndStatus()->code(), absl::StatusCode::kDataLoss);
}

TEST_F(SchedulerTest, ACancelledJobStopsWithinOneStepAndHasItsBestPicture) {
  auto control = Control("a", 100);
  control->may_result.Add(kNoLimit);
  control->allowed.Add(2);
  EventReader reader = Submit("a");
  control->entered.WaitFor(3);  // two steps are made, the third is under way
  EXPECT_EQ(scheduler_->Cancel(reader.job())->state(), v1::Job::STATE_RUNNING);
  EXPECT_EQ(reader.EndStatus(), std::nullopt);
  EXPECT_TRUE(scheduler_->Cancel(reader.job()).ok());
  control->allowed.Add(kNoLimit);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events),
              ElementsAre("accepted", "progress 1", "progress 2", "progress 3", "result r3", "CANCELLED"));
  EXPECT_EQ(events[4].picture->data, FakeResult(3));
  EXPECT_EQ(reader.EndStatus(), kCancelled);
  EXPECT_EQ(control->freed.value(), 1);
  EXPECT_EQ(control->entered.value(), 3);
  EXPECT_EQ(scheduler_->Cancel(reader.job())->state(), v1::Job::STATE_CANCELLED);
  EXPECT_THAT(LogLines(), ElementsAre(reader.job() +
                                      ": fake: cancelled, 3 iterations, 3.0 s, 1.000 s/iteration, loss 97"));
}

TEST_F(SchedulerTest, CancelledWhileItWaitsForPreparation) {
  options_.max_jobs = 2;
  options_.preparation_threads = 1;
  Create();
  auto control = FreeControl("a");
  control->may_prepare.Add(-kNoLimit);
  EventReader first = Submit("a");
  control->preparing.WaitFor(1);
  auto waiting = FreeControl("b");
  EventReader second = Submit("b");
  // At once, with its place; it leaves nothing behind.
  EXPECT_EQ(scheduler_->Cancel(second.job())->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(scheduler_->Get(second.job()).status().code(), kNotFound);
  EXPECT_EQ(second.EndStatus(), kCancelled);
  EXPECT_THAT(second.Rest(), SizeIs(0));
  FreeControl("c");
  EventReader third = Submit("c");
  control->may_prepare.Add(kNoLimit);
  EXPECT_EQ(first.End(), absl::OkStatus());
  EXPECT_EQ(third.End(), absl::OkStatus());
  EXPECT_EQ(waiting->preparing.value(), 0);
}

TEST_F(SchedulerTest, CancelledWhileItIsPrepared) {
  auto control = FreeControl("a");
  control->may_prepare.Add(-kNoLimit);
  EventReader reader = Submit("a");
  control->preparing.WaitFor(1);
  scheduler_->Cancel(reader.job()).IgnoreError();
  EXPECT_EQ(reader.EndStatus(), kCancelled);
  control->may_prepare.Add(kNoLimit);
  control->freed.WaitFor(1);
  EXPECT_EQ(control->entered.value(), 0);
  EXPECT_THAT(reader.Rest(), SizeIs(0));
  scheduler_ = nullptr;
  EXPECT_FALSE(journal_->HasFile(reader.job(), JobFile::kRequest));
}

TEST_F(SchedulerTest, CancelledWhileItWaitsForTheDevice) {
  auto running = Control("a", 10);
  EventReader first = Submit("a");
  running->entered.WaitFor(1);
  auto waiting = FreeControl("b");
  EventReader second = Submit("b");
  EXPECT_EQ(second.Next()->message.accepted().jobs_ahead(), 1);
  scheduler_->Cancel(second.job()).IgnoreError();
  // It doesn't wait for the end of the other job.
  running->allowed.Add(1);
  EXPECT_THAT(Describe(second.Rest()), ElementsAre("CANCELLED"));
  EXPECT_EQ(running->freed.value(), 0);
  EXPECT_EQ(waiting->entered.value(), 0);
  running->Free();
  EXPECT_EQ(first.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, CancelledWhileItsResultIsEncoded) {
  auto control = Control("a", 1);
  control->allowed.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->resulting.WaitFor(1);
  EXPECT_EQ(scheduler_->Cancel(reader.job())->state(), v1::Job::STATE_CANCELLED);
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("accepted", "progress 1", "progress 2", "CANCELLED"));
  EXPECT_EQ(reader.EndStatus(), kCancelled);
  control->may_result.Add();
}

TEST_F(SchedulerTest, CancelledWhileItIsPaused) {
  auto control = Control("a");
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  EXPECT_EQ(scheduler_->Pause(reader.job())->state(), v1::Job::STATE_PAUSED);
  control->allowed.Add(kNoLimit);
  reader.Until("progress 1");
  scheduler_->Cancel(reader.job()).IgnoreError();
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("result r1", "CANCELLED"));
}

TEST_F(SchedulerTest, PausedWhileItRuns) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  EXPECT_EQ(scheduler_->Pause(reader.job())->state(), v1::Job::STATE_PAUSED);
  EXPECT_TRUE(scheduler_->Pause(reader.job()).ok());
  control->allowed.Add(kNoLimit);
  EXPECT_THAT(reader.Until("progress 1"), ElementsAre("accepted", "PAUSED", "progress 1"));
  Probe();
  EXPECT_EQ(control->entered.value(), 1);
  control->checkpoints.WaitFor(1);
  const v1::Job resumed = *scheduler_->Resume(reader.job());
  EXPECT_EQ(resumed.state(), v1::Job::STATE_RUNNING);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events),
              ElementsAre("RUNNING", "progress 2", "progress 3", "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(events[0].message.state_changed().iteration(), 1);
  EXPECT_EQ(events[4].picture->data, FakeResult(3));
  EXPECT_EQ(scheduler_->Pause(reader.job()).status().code(), kFailedPrecondition);
  EXPECT_EQ(scheduler_->Resume(reader.job()).status().code(), kFailedPrecondition);
}

TEST_F(SchedulerTest, PausedWhileItIsPreparedAndWhileItWaits) {
  auto control = FreeControl("a");
  control->may_prepare.Add(-kNoLimit);
  EventReader reader = Submit("a");
  EXPECT_EQ(scheduler_->Pause(reader.job())->state(), v1::Job::STATE_PAUSED);
  control->may_prepare.Add(kNoLimit);
  EXPECT_THAT(reader.Until("PAUSED"), ElementsAre("accepted", "PAUSED"));
  Probe();
  EXPECT_EQ(control->entered.value(), 0);

  auto other = Control("other");
  EventReader running = Submit("other");
  other->entered.WaitFor(1);
  EXPECT_EQ(scheduler_->Resume(reader.job())->state(), v1::Job::STATE_WAITING);
  EXPECT_EQ(scheduler_->Pause(reader.job())->state(), v1::Job::STATE_PAUSED);
  other->Free();
  EXPECT_EQ(running.End(), absl::OkStatus());
  EXPECT_EQ(control->entered.value(), 0);
  EXPECT_TRUE(scheduler_->Resume(reader.job()).ok());
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, PausedWhileItsResultIsEncodedItEndsAllTheSame) {
  auto control = Control("a", 1);
  control->allowed.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->resulting.WaitFor(1);
  EXPECT_TRUE(scheduler_->Pause(reader.job()).ok());
  control->may_result.Add();
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, TheNextJobBeginsWhileAResultIsEncoded) {
  auto first = Control("a", 1);
  first->allowed.Add(kNoLimit);
  EventReader encoding = Submit("a");
  first->resulting.WaitFor(1);
  auto second = Control("b", 1);
  EventReader next = Submit("b");
  EXPECT_EQ(next.Next()->message.accepted().jobs_ahead(), 0);
  second->entered.WaitFor(1);
  EXPECT_EQ(encoding.EndStatus(), std::nullopt);
  EXPECT_EQ(first->freed.value(), 1);
  first->Free();
  second->Free();
  EXPECT_EQ(next.End(), absl::OkStatus());
  EXPECT_EQ(encoding.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, JobsOfTwoClientsTakeTurns) {
  auto first = Control("a", 50);
  EventReader a = Submit(Request("a"), "a");
  first->entered.WaitFor(1);
  FreeControl("b", 10);
  EventReader b = Submit(Request("b"), "b");
  b.Until("accepted");
  first->allowed.Add(1 + 11 + 2);  // as many as the other makes
  EXPECT_EQ(b.End(), absl::OkStatus());
  first->Free();
  EXPECT_EQ(a.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, AnInteractiveJobsFirstPreviewOvertakesALongJob) {
  auto control = Control("long", 2000);
  control->step_seconds = 1;
  EventReader long_job = Submit(Request("long"), "a");
  control->allowed.Add(100);
  control->entered.WaitFor(101);
  auto small = Control("small", 100);
  small->step_seconds = 0.1;
  small->may_preview.Add(kNoLimit);
  small->may_result.Add(kNoLimit);
  small->allowed.Add(5);
  v1::StylizeRequest request = Request("small", v1::PRIORITY_INTERACTIVE);
  request.mutable_preview()->set_every_iterations(5);
  EventReader reader = Submit(request, "b");
  reader.Until("accepted");
  // The long job may make 5 more steps.
  control->allowed.Add(5);
  EXPECT_THAT(reader.Until("preview p5"), SizeIs(6));
  small->allowed.Add(kNoLimit);
  scheduler_->Cancel(long_job.job()).IgnoreError();
  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, TakesNoMoreThanMaxJobs) {
  options_.max_jobs = 2;
  Create();
  auto first = Control("a");
  FreeControl("b");
  EventReader running = Submit(Request("a"), "a");
  first->entered.WaitFor(1);
  EventReader waiting = Submit(Request("b"), "b");
  const absl::Status refused = TrySubmit(Request("b"), "c").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("2 jobs at a time"));
  first->Free();
  EXPECT_EQ(waiting.End(), absl::OkStatus());
  EXPECT_EQ(running.End(), absl::OkStatus());
  EXPECT_EQ(Submit(Request("b"), "c").End(), absl::OkStatus());
}

TEST_F(SchedulerTest, OneClientCannotKeepAllOthersOut) {
  options_.max_jobs_per_client = 1;
  Create();
  auto control = Control("a");
  FreeControl("b");
  EventReader running = Submit(Request("a"), "a");
  const absl::Status refused = TrySubmit(Request("b"), "a").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("you have 1 jobs here already"));
  EventReader other = Submit(Request("b"), "b");
  control->Free();
  EXPECT_EQ(running.End(), absl::OkStatus());
  EXPECT_EQ(other.End(), absl::OkStatus());
}

TEST_F(SchedulerTest, AWatchOutlivesTheScheduler) {
  FreeControl("a", 1);
  EventReader reader = Submit("a");
  EventReader unread = Attach(reader.job());
  EXPECT_EQ(reader.End(), absl::OkStatus());
  scheduler_ = nullptr;
  EXPECT_THAT(unread.Rest(), SizeIs(1 + 2 + 2));
  EXPECT_EQ(unread.EndStatus(), absl::OkStatus());
}

TEST_F(SchedulerTest, ManyJobsFromManyThreads) {
  constexpr int kThreads = 4, kJobs = 25;
  FreeControl("a");
  std::vector<std::thread> threads;
  Counter succeeded, cancelled;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kJobs; ++i) {
        v1::StylizeRequest request = Request("a", static_cast<v1::Priority>(1 + i % 3));
        request.mutable_preview()->set_every_iterations(1);
        EventReader reader = Submit(request, absl::StrCat("client ", t));
        if ((i + t) % 5 == 0) scheduler_->Cancel(reader.job()).IgnoreError();
        if ((i + t) % 3 == 0) {
          scheduler_->Pause(reader.job()).IgnoreError();
          scheduler_->Resume(reader.job()).IgnoreError();
        }
        scheduler_->List();
        const absl::Status end = reader.End();
        (end.ok() ? succeeded : cancelled).Add();
        EXPECT_TRUE(end.ok() || end.code() == absl::StatusCode::kCancelled) << end;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded.value() + cancelled.value(), kThreads * kJobs);
  EXPECT_GE(succeeded.value(), kThreads * kJobs * 4 / 5);
  EXPECT_THAT(LogLines(), SizeIs(kThreads * kJobs));
}

}  // namespace
}  // namespace impasto::jobs
