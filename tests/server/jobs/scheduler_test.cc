#include "jobs/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;
using testing::SizeIs;

double Seconds(const google::protobuf::Duration& duration) {
  return duration.seconds() + duration.nanos() / 1e9;
}

class SchedulerTest : public testing::Test {
 protected:
  void Create(int max_jobs = 64, int preparation_threads = 2) {
    SchedulerOptions options;
    options.clock = &clock_;
    options.max_jobs = max_jobs;
    options.preparation_threads = preparation_threads;
    options.log = [this](const std::string& line) { lines_.push_back(line); };
    options.wall_time = [] { return absl::FromUnixSeconds(1234567890); };
    auto scheduler = Scheduler::Create(std::move(options));
    ASSERT_TRUE(scheduler.ok()) << scheduler.status();
    scheduler_ = *std::move(scheduler);
  }
  void SetUp() override { Create(); }

  std::shared_ptr<WorkControl> Control(int iterations = 3) {
    auto control = std::make_shared<WorkControl>();
    control->iterations = iterations;
    control->clock = &clock_;
    return control;
  }
  // One that waits for nothing.
  std::shared_ptr<WorkControl> FreeControl(int iterations = 3) {
    auto control = Control(iterations);
    control->Free();
    return control;
  }
  std::shared_ptr<Job> Submit(PrepareJob prepare) {
    auto job = scheduler_->Submit(std::move(prepare));
    EXPECT_TRUE(job.ok()) << job.status();
    return *std::move(job);
  }
  std::shared_ptr<Job> Submit(std::shared_ptr<WorkControl> control, PreviewSchedule previews = {}) {
    return Submit(PrepareFake(std::move(control), previews));
  }
  // The lines of the log; the scheduler is gone afterwards.
  std::vector<std::string> LogLines() {
    scheduler_.reset();
    return lines_;
  }

  FakeClock clock_;
  std::vector<std::string> lines_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, RefusesBadOptions) {
  EXPECT_EQ(Scheduler::Create({}).status().code(), absl::StatusCode::kInvalidArgument);
  SchedulerOptions options;
  options.clock = &clock_;
  options.max_jobs = 0;
  EXPECT_EQ(Scheduler::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.max_jobs = 1;
  options.preparation_threads = 0;
  EXPECT_EQ(Scheduler::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.preparation_threads = 1;
  options.wall_time = nullptr;
  EXPECT_EQ(Scheduler::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SchedulerTest, AJobFromItsBeginningToItsEnd) {
  const std::shared_ptr<Job> job = Submit(FreeControl());
  EXPECT_THAT(job->name(), MatchesRegex("jobs/[0-9a-f]{16}"));
  EventReader reader(job);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "progress 2", "progress 3",
                                            "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(job->EndStatus(), absl::OkStatus());
  EXPECT_EQ(events[0].message.accepted().job(), job->name());
  EXPECT_EQ(events[0].message.accepted().jobs_ahead(), 0);
  EXPECT_EQ(events[0].message.accepted().recipe().iterations(), 3);
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
  EXPECT_EQ(Seconds(events[6].message.finished().elapsed()), 4);
  EXPECT_FALSE(events[6].message.finished().has_error());
  EXPECT_THAT(LogLines(), ElementsAre(job->name() +
                                      ": fake: succeeded, 3 iterations, 4.0 s, 1.000 s/iteration, loss 96"));
}

TEST_F(SchedulerTest, PreviewsAfterSoManySteps) {
  PreviewSchedule every_second;
  every_second.every_iterations = 2;
  auto control = Control(4);
  control->may_preview.Add(kNoLimit);
  control->may_result.Add(kNoLimit);
  EventReader reader(Submit(control, every_second));
  std::vector<std::string> words;
  // A step only when the event before it was read, so that no preview is superseded.
  for (int step = 1; step <= 5; ++step) {
    control->allowed.Add();
    while (words.empty() || words.back() != absl::StrCat("progress ", step)) {
      words.push_back(Describe(*reader.Next()));
    }
    if (step == 2 || step == 4) words.push_back(Describe(*reader.Next()));
  }
  for (const std::string& word : Describe(reader.Rest())) words.push_back(word);
  EXPECT_THAT(words, ElementsAre("accepted", "progress 1", "progress 2", "preview p2", "progress 3",
                                 "progress 4", "preview p4", "progress 5", "result r4", "SUCCEEDED"));
}

TEST_F(SchedulerTest, PreviewsAfterSoMuchTime) {
  PreviewSchedule by_time;
  by_time.interval_seconds = 2.5;
  auto control = FreeControl(7);
  const std::vector<Event> events = EventReader(Submit(control, by_time)).Rest();
  // At 3 s and 6 s; whether the reader sees the first is the encoder's pace. The newest is always there.
  int newest = 0;
  for (const Event& event : events) {
    if (!event.message.has_preview()) continue;
    newest = event.message.preview().iteration();
    EXPECT_TRUE(newest == 3 || newest == 6) << newest;
  }
  EXPECT_EQ(newest, 6);
}

TEST_F(SchedulerTest, TheLastEvaluationMakesNoPreview) {
  PreviewSchedule every;
  every.every_iterations = 1;
  auto control = FreeControl(1);
  EXPECT_THAT(Describe(EventReader(Submit(control, every)).Rest()),
              testing::UnorderedElementsAre("accepted", "progress 1", "preview p1", "progress 2", "result r1",
                                            "SUCCEEDED"));
  EXPECT_EQ(control->previewing.value(), 1);
}

TEST_F(SchedulerTest, TheDeviceGoesOnWhileAPreviewIsEncoded) {
  PreviewSchedule every;
  every.every_iterations = 1;
  auto control = Control(6);
  control->may_result.Add(kNoLimit);
  control->allowed.Add();
  EventReader reader(Submit(control, every));
  control->previewing.WaitFor(1);
  // The encoder is busy with the first: all steps are made meanwhile, and of the other previews the newest is
  // left.
  control->allowed.Add(kNoLimit);
  control->freed.WaitFor(1);
  control->may_preview.Add(kNoLimit);
  EXPECT_EQ(reader.WaitForEnd(), absl::OkStatus());
  const std::vector<std::string> words = Describe(reader.Rest());
  EXPECT_EQ(control->previewing.value(), 2);
  EXPECT_EQ(words.size(), 1 + 7 + 1 + 2u);
  EXPECT_EQ(words[words.size() - 3], "preview p6");
}

TEST_F(SchedulerTest, APreviewThatCannotBeEncodedIsSkipped) {
  PreviewSchedule every;
  every.every_iterations = 1;
  auto control = FreeControl(2);
  control->preview_status = absl::InternalError("no\nroom");
  const std::shared_ptr<Job> job = Submit(control, every);
  EXPECT_EQ(EventReader(job).Rest().size(), 1 + 3 + 2u);
  EXPECT_EQ(job->EndStatus(), absl::OkStatus());
  EXPECT_THAT(LogLines(),
              ElementsAre(job->name() + ": no preview: no\\nroom", testing::HasSubstr("succeeded")));
}

TEST_F(SchedulerTest, ARefusedJobHasAStatusAndNoEvents) {
  const std::shared_ptr<Job> job = Submit(
      []() -> absl::StatusOr<PreparedJob> { return absl::InvalidArgumentError("content: is\nempty"); });
  EventReader reader(job);
  EXPECT_EQ(reader.WaitForEnd(), absl::InvalidArgumentError("content: is\nempty"));
  EXPECT_THAT(reader.Rest(), SizeIs(0));
  EXPECT_THAT(LogLines(), ElementsAre(job->name() + ": refused (INVALID_ARGUMENT: content: is\\nempty)"));
}

TEST_F(SchedulerTest, RunningOutOfMemoryEndsTheJobAlone) {
  EventReader refused(Submit([]() -> absl::StatusOr<PreparedJob> { throw std::bad_alloc(); }));
  EXPECT_EQ(refused.WaitForEnd().code(), absl::StatusCode::kResourceExhausted);
  EventReader broken(Submit([]() -> absl::StatusOr<PreparedJob> { throw std::runtime_error("odd"); }));
  EXPECT_EQ(broken.WaitForEnd(), absl::InternalError("odd"));
  auto control = FreeControl();
  control->failing_step = 2;
  control->throws = true;
  EventReader failed(Submit(control));
  EXPECT_EQ(failed.WaitForEnd().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(EventReader(Submit(FreeControl())).WaitForEnd(), absl::OkStatus());
}

TEST_F(SchedulerTest, AFailingStepLeavesTheBestPictureSoFar) {
  auto control = FreeControl();
  control->failing_step = 3;
  const std::shared_ptr<Job> job = Submit(control);
  const std::vector<Event> events = EventReader(job).Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "progress 2", "result r2", "FAILED"));
  EXPECT_EQ(job->EndStatus(), absl::DataLossError("the loss is not a number"));
  const google::rpc::Status& error = events.back().message.finished().error();
  EXPECT_EQ(error.code(), static_cast<int>(absl::StatusCode::kDataLoss));
  EXPECT_EQ(error.message(), "the loss is not a number");
  EXPECT_THAT(LogLines(), ElementsAre(job->name() + ": fake: failed (DATA_LOSS: the loss is not a number), "
                                                    "2 iterations, 3.0 s, 1.000 s/iteration, loss 98"));
}

TEST_F(SchedulerTest, AFailureBeforeTheFirstStepLeavesNone) {
  auto control = FreeControl();
  control->failing_step = 1;
  EXPECT_THAT(Describe(EventReader(Submit(control)).Rest()), ElementsAre("accepted", "FAILED"));
  control = FreeControl();
  control->start_status = absl::FailedPreconditionError("no weights for block5_conv4");
  const std::shared_ptr<Job> job = Submit(control);
  EXPECT_THAT(Describe(EventReader(job).Rest()), ElementsAre("accepted", "FAILED"));
  EXPECT_EQ(job->EndStatus(), absl::FailedPreconditionError("no weights for block5_conv4"));
  EXPECT_EQ(control->entered.value(), 0);
}

TEST_F(SchedulerTest, AResultThatCannotBeEncodedFailsTheJob) {
  auto control = FreeControl(1);
  control->result_status = absl::ResourceExhaustedError("too large");
  const std::shared_ptr<Job> job = Submit(control);
  EXPECT_THAT(Describe(EventReader(job).Rest()),
              ElementsAre("accepted", "progress 1", "progress 2", "FAILED"));
  EXPECT_EQ(job->EndStatus(), absl::ResourceExhaustedError("too large"));
}

TEST_F(SchedulerTest, AFailedStepOutweighsAFailedPicture) {
  auto control = FreeControl();
  control->failing_step = 2;
  control->result_status = absl::InternalError("none");
  const std::shared_ptr<Job> job = Submit(control);
  EXPECT_THAT(Describe(EventReader(job).Rest()), ElementsAre("accepted", "progress 1", "FAILED"));
  EXPECT_EQ(job->EndStatus()->code(), absl::StatusCode::kDataLoss);
}

TEST_F(SchedulerTest, ACancelledJobStopsWithinOneStep) {
  auto control = Control(100);
  control->allowed.Add(2);
  const std::shared_ptr<Job> job = Submit(control);
  control->entered.WaitFor(3);  // two steps are made, the third is under way
  job->Cancel();
  EXPECT_EQ(job->EndStatus(), std::nullopt);
  job->Cancel();
  control->allowed.Add(kNoLimit);
  EXPECT_THAT(Describe(EventReader(job).Rest()),
              ElementsAre("accepted", "progress 1", "progress 2", "progress 3", "CANCELLED"));
  EXPECT_EQ(job->EndStatus(), absl::CancelledError("the job was cancelled"));
  control->freed.WaitFor(1);
  EXPECT_EQ(control->entered.value(), 3);
  job->Cancel();
  EXPECT_THAT(LogLines(),
              ElementsAre(job->name() + ": fake: cancelled, 3 iterations, 3.0 s, 1.000 s/iteration, "
                                        "loss 97"));
}

TEST_F(SchedulerTest, OneOfTwoIsCancelled) {
  auto first = Control();
  auto second = FreeControl();
  const std::shared_ptr<Job> cancelled = Submit(first);
  first->entered.WaitFor(1);
  const std::shared_ptr<Job> other = Submit(second);
  cancelled->Cancel();
  first->Free();
  EXPECT_EQ(EventReader(cancelled).WaitForEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(Describe(EventReader(other).Rest()),
              ElementsAre("accepted", "progress 1", "progress 2", "progress 3", "progress 4", "result r3",
                          "SUCCEEDED"));
}

TEST_F(SchedulerTest, CancelledWhileItWaitsForPreparation) {
  Create(/*max_jobs=*/2, /*preparation_threads=*/1);
  Counter preparing, go;
  auto control = FreeControl();
  const std::shared_ptr<Job> first = Submit([&, control] {
    preparing.Add();
    go.WaitFor(1);
    return PrepareFake(control)();
  });
  preparing.WaitFor(1);
  auto request = std::make_shared<int>(0);
  const std::shared_ptr<Job> second = Submit([request]() -> absl::StatusOr<PreparedJob> {
    ADD_FAILURE() << "prepared";
    return absl::InternalError("");
  });
  EXPECT_EQ(request.use_count(), 2);
  second->Cancel();
  // At once, with its request and its place.
  EXPECT_EQ(second->EndStatus(), absl::CancelledError("the job was cancelled"));
  EXPECT_EQ(second->NextEvent(0), std::nullopt);
  EXPECT_EQ(request.use_count(), 1);
  const std::shared_ptr<Job> third = Submit(FreeControl());
  go.Add();
  EXPECT_EQ(EventReader(first).WaitForEnd(), absl::OkStatus());
  EXPECT_EQ(EventReader(third).WaitForEnd(), absl::OkStatus());
}

TEST_F(SchedulerTest, CancelledWhileItIsPrepared) {
  Counter preparing, go;
  auto control = FreeControl();
  const std::shared_ptr<Job> job = Submit([&, control] {
    preparing.Add();
    go.WaitFor(1);
    return PrepareFake(control)();
  });
  preparing.WaitFor(1);
  job->Cancel();
  EXPECT_EQ(job->EndStatus(), absl::CancelledError("the job was cancelled"));
  go.Add();
  control->freed.WaitFor(1);
  EXPECT_EQ(control->entered.value(), 0);
  EXPECT_EQ(job->NextEvent(0), std::nullopt);
}

TEST_F(SchedulerTest, CancelledWhileItWaitsForTheDevice) {
  auto running = Control(10);
  auto waiting = FreeControl();
  const std::shared_ptr<Job> first = Submit(running);
  running->entered.WaitFor(1);
  const std::shared_ptr<Job> second = Submit(waiting);
  EventReader reader(second);
  EXPECT_EQ(reader.Next()->message.accepted().jobs_ahead(), 1);
  second->Cancel();
  EXPECT_THAT(Describe(reader.Rest()), ElementsAre("CANCELLED"));
  // Its memory doesn't wait for the end of the other job.
  running->allowed.Add(1);
  waiting->freed.WaitFor(1);
  EXPECT_EQ(running->freed.value(), 0);
  EXPECT_EQ(waiting->freed_on, running->started_on);
  EXPECT_EQ(waiting->entered.value(), 0);
  running->Free();
}

TEST_F(SchedulerTest, CancelledWhileItsResultIsEncoded) {
  auto control = Control(1);
  control->allowed.Add(kNoLimit);
  const std::shared_ptr<Job> job = Submit(control);
  control->resulting.WaitFor(1);
  job->Cancel();
  EXPECT_EQ(job->EndStatus(), absl::CancelledError("the job was cancelled"));
  control->may_result.Add();
  EXPECT_THAT(Describe(EventReader(job).Rest()),
              ElementsAre("accepted", "progress 1", "progress 2", "CANCELLED"));
}

TEST_F(SchedulerTest, FirstComeFirstServed) {
  auto first = Control(1);
  const std::shared_ptr<Job> running = Submit(first);
  first->entered.WaitFor(1);
  // The second is still being prepared when the third is ready.
  Counter preparing, go;
  auto second = Control(1);
  const std::shared_ptr<Job> slow = Submit([&, second] {
    preparing.Add();
    go.WaitFor(1);
    return PrepareFake(second)();
  });
  preparing.WaitFor(1);
  auto third = FreeControl(1);
  const std::shared_ptr<Job> quick = Submit(third);
  EventReader quick_reader(quick), slow_reader(slow);
  EXPECT_EQ(quick_reader.Next()->message.accepted().jobs_ahead(), 1);
  go.Add();
  EXPECT_EQ(slow_reader.Next()->message.accepted().jobs_ahead(), 1);
  first->Free();
  second->entered.WaitFor(1);
  EXPECT_EQ(third->entered.value(), 0);
  second->Free();
  EXPECT_EQ(quick_reader.WaitForEnd(), absl::OkStatus());
}

TEST_F(SchedulerTest, TheNextJobBeginsWhileAResultIsEncoded) {
  auto first = Control(1);
  first->allowed.Add(kNoLimit);
  const std::shared_ptr<Job> encoding = Submit(first);
  first->resulting.WaitFor(1);
  auto second = Control(1);
  const std::shared_ptr<Job> next = Submit(second);
  EXPECT_EQ(EventReader(next).Next()->message.accepted().jobs_ahead(), 0);
  second->entered.WaitFor(1);
  EXPECT_EQ(encoding->EndStatus(), std::nullopt);
  first->Free();
  second->Free();
  EXPECT_EQ(EventReader(next).WaitForEnd(), absl::OkStatus());
  EXPECT_EQ(*encoding->EndStatus(), absl::OkStatus());
}

TEST_F(SchedulerTest, AWorkLivesAndDiesOnTheDeviceThread) {
  auto first = FreeControl();
  auto second = FreeControl();
  EXPECT_EQ(EventReader(Submit(first)).WaitForEnd(), absl::OkStatus());
  // Freed before its result is out.
  EXPECT_EQ(first->freed.value(), 1);
  EXPECT_EQ(EventReader(Submit(second)).WaitForEnd(), absl::OkStatus());
  EXPECT_EQ(first->freed_on, first->started_on);
  EXPECT_EQ(second->freed_on, second->started_on);
  EXPECT_EQ(first->started_on, second->started_on);
  EXPECT_NE(first->started_on, std::this_thread::get_id());
}

TEST_F(SchedulerTest, TheRequestIsFreedAfterPreparation) {
  auto request = std::make_shared<int>(0);
  auto control = Control();
  const std::shared_ptr<Job> job = Submit(
      [request, prepare = PrepareFake(control)]() -> absl::StatusOr<PreparedJob> { return prepare(); });
  EXPECT_TRUE(EventReader(job).Next()->message.has_accepted());
  EXPECT_EQ(request.use_count(), 1);
  control->Free();
}

TEST_F(SchedulerTest, TakesNoMoreThanMaxJobs) {
  Create(/*max_jobs=*/2);
  auto first = Control();
  auto second = FreeControl();
  const std::shared_ptr<Job> running = Submit(first);
  const std::shared_ptr<Job> waiting = Submit(second);
  const absl::Status refused = scheduler_->Submit(PrepareFake(FreeControl())).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), testing::HasSubstr("2 jobs at a time"));
  first->Free();
  EXPECT_EQ(EventReader(waiting).WaitForEnd(), absl::OkStatus());
  EXPECT_EQ(EventReader(running).WaitForEnd(), absl::OkStatus());
}

TEST_F(SchedulerTest, StopCancelsAllAndTakesNoMore) {
  auto running = Control(100);
  auto waiting = FreeControl();
  const std::shared_ptr<Job> first = Submit(running);
  running->entered.WaitFor(1);
  const std::shared_ptr<Job> second = Submit(waiting);
  EventReader(second).Next();
  std::thread stop([&] { scheduler_->Stop(); });
  EXPECT_EQ(EventReader(second).WaitForEnd(), absl::CancelledError("the server is stopping"));
  running->Free();
  stop.join();
  EXPECT_EQ(first->EndStatus(), absl::CancelledError("the server is stopping"));
  EXPECT_EQ(running->freed.value(), 1);
  EXPECT_EQ(waiting->freed.value(), 1);
  EXPECT_EQ(running->entered.value(), 1);
  EXPECT_EQ(scheduler_->Submit(PrepareFake(FreeControl())).status(),
            absl::UnavailableError("the server is stopping"));
  scheduler_->Stop();
}

TEST_F(SchedulerTest, AJobOutlivesTheScheduler) {
  const std::shared_ptr<Job> job = Submit(FreeControl(1));
  EXPECT_EQ(EventReader(job).WaitForEnd(), absl::OkStatus());
  scheduler_.reset();
  job->Cancel();
  EXPECT_EQ(EventReader(job).Rest().size(), 1 + 2 + 2u);
  EXPECT_EQ(job->EndStatus(), absl::OkStatus());
}

TEST_F(SchedulerTest, ManyJobsFromManyThreads) {
  constexpr int kThreads = 4, kJobs = 25;
  std::vector<std::thread> threads;
  Counter succeeded, cancelled;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kJobs; ++i) {
        auto control = std::make_shared<WorkControl>();
        control->Free();
        PreviewSchedule every;
        every.every_iterations = 1;
        const std::shared_ptr<Job> job = Submit(control, every);
        EventReader reader(job);
        if ((i + t) % 5 == 0) {
          job->Cancel();
          reader.Rest();
        } else {
          EXPECT_EQ(Describe(reader.Rest()).back(), "SUCCEEDED");
        }
        (job->EndStatus()->ok() ? succeeded : cancelled).Add();
        control->freed.WaitFor(job->EndStatus()->ok() ? 1 : 0);
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
