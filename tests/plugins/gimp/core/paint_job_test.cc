#include "core/paint_job.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/mocks/mock_connection.h"
#include "tests/plugins/gimp/core/news.h"

namespace impasto::gimp {
namespace {

using ::testing::NiceMock;
using ::testing::Return;
using Phase = PaintState::Phase;

// The events of a job, as a test brings them.
class Script {
 public:
  void Bring(StylizeEvent event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  void End(absl::Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = std::move(status);
    changed_.notify_all();
  }
  std::optional<StylizeEvent> Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !events_.empty() || end_.has_value(); });
    if (events_.empty()) {
      return std::nullopt;
    }
    StylizeEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  absl::Status Outcome() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return *end_;
  }
  // Counts what happens to the call.
  void Count(int* counter) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++*counter;
    changed_.notify_all();
  }
  void WaitFor(const int& counter, int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return counter >= count; });
  }

  int cancels = 0;
  int destroyed = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<StylizeEvent> events_;
  std::optional<absl::Status> end_;
};

class ScriptCall : public StylizeCall {
 public:
  explicit ScriptCall(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~ScriptCall() override { script_->Count(&script_->destroyed); }
  std::optional<StylizeEvent> Next() override { return script_->Next(); }
  absl::Status Finish() override { return script_->Outcome(); }
  std::string job() const override { return ""; }
  int64_t last_event() const override { return 0; }
  // As the SDK does where the server never got the job.
  bool Cancel(absl::Duration /*wait*/) override {
    script_->Count(&script_->cancels);
    script_->End(absl::CancelledError("cancelled"));
    return true;
  }
  absl::Status Detach() override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<Script> script_;
};

v1::Accepted Accepted(int iterations = 100) {
  v1::Accepted accepted;
  accepted.set_job("jobs/1");
  accepted.set_jobs_ahead(2);
  accepted.add_warnings("the weights are random");
  accepted.mutable_recipe()->set_iterations(iterations);
  return accepted;
}

v1::Progress Progress(int iteration, double total, int iterations = 100) {
  v1::Progress progress;
  progress.set_iteration(iteration);
  progress.set_iterations(iterations);
  progress.set_total_loss(total);
  progress.set_content_loss(total / 4);
  progress.set_style_loss(total / 2);
  progress.mutable_remaining()->set_seconds(90);
  return progress;
}

v1::RecipeChange WeightChange(int iteration, double style_weight) {
  v1::RecipeChange change;
  change.set_iteration(iteration);
  change.set_style_weight(style_weight);
  return change;
}

class PaintJobTest : public ::testing::Test {
 protected:
  PaintJobTest()
      : connection_(std::make_shared<NiceMock<mocks::MockConnection>>()),
        script_(std::make_shared<Script>()) {
    ON_CALL(*connection_, Stylize).WillByDefault([this](v1::StylizeRequest request) {
      request_ = std::move(request);
      return std::make_unique<ScriptCall>(script_);
    });
    ON_CALL(*connection_, WatchJob).WillByDefault([this](const v1::WatchJobRequest& request) {
      watched_ = request.name();
      return std::make_unique<ScriptCall>(script_);
    });
  }

  ~PaintJobTest() override { EXPECT_TRUE(WaitUntilAlone(connection_)); }

  std::unique_ptr<PaintJob> Start() {
    v1::StylizeRequest request;
    request.set_display_name("Fjord, Background");
    return std::make_unique<PaintJob>(Client(connection_), request, 320, news_.Listener());
  }
  // A job that has made `steps` steps of 100.
  std::unique_ptr<PaintJob> StartPainting(int steps = 3) {
    std::unique_ptr<PaintJob> job = Start();
    script_->Bring(Accepted());
    for (int i = 1; i <= steps; ++i) {
      script_->Bring(Progress(i, 1000.0 / i));
    }
    EXPECT_TRUE(news_.WaitUntil([&] { return job->state().iteration == steps; }));
    return job;
  }
  bool WaitFor(const PaintJob& job, Phase phase) {
    return news_.WaitUntil([&] { return job.state().phase == phase; });
  }

  std::shared_ptr<NiceMock<mocks::MockConnection>> connection_;
  std::shared_ptr<Script> script_;
  News news_;
  v1::StylizeRequest request_;
  std::string watched_;
};

TEST_F(PaintJobTest, FromItsRequestToItsResult) {
  const std::unique_ptr<PaintJob> job = Start();
  EXPECT_EQ(job->state().phase, Phase::kSending);
  EXPECT_EQ(request_.ShortDebugString(),
            "preview { interval { nanos: 500000000 } format: PICTURE_FORMAT_RAW max_size: 320 pixel_format: "
            "PIXEL_FORMAT_RGB8 } display_name: \"Fjord, Background\"");
  script_->Bring(Accepted(2));
  ASSERT_TRUE(WaitFor(*job, Phase::kWaiting));
  PaintState state = job->state();
  EXPECT_EQ(state.job, "jobs/1");
  EXPECT_EQ(state.jobs_ahead, 2);
  EXPECT_EQ(state.warnings, std::vector<std::string>{"the weights are random"});
  EXPECT_EQ(state.iterations, 2);

  script_->Bring(Progress(1, 400, 2));
  ASSERT_TRUE(WaitFor(*job, Phase::kPainting));
  state = job->state();
  EXPECT_EQ(state.jobs_ahead, 0);
  EXPECT_EQ(state.iteration, 1);
  EXPECT_EQ(state.total_loss, 400);
  EXPECT_EQ(state.content_loss, 100);
  EXPECT_EQ(state.style_loss, 200);
  EXPECT_EQ(state.remaining, absl::Seconds(90));
  script_->Bring(PreviewPicture{.iteration = 1, .picture = {.bytes = "preview"}});
  script_->Bring(Progress(2, 300, 2));
  script_->Bring(Progress(3, 200, 2));
  script_->Bring(ResultPicture{.iteration = 2, .total_loss = 200, .picture = {.bytes = "result"}});
  EXPECT_FALSE(job->WaitUntilEnded(absl::ZeroDuration()));
  script_->End(absl::OkStatus());
  ASSERT_TRUE(job->WaitUntilEnded(absl::Minutes(1)));
  state = job->state();
  EXPECT_EQ(state.phase, Phase::kDone);
  EXPECT_EQ(state.iteration, 2);
  EXPECT_EQ(state.total_losses, (std::vector<double>{400, 300, 200}));
  EXPECT_EQ(state.preview->picture.bytes, "preview");
  EXPECT_EQ(state.result->picture.bytes, "result");
  EXPECT_TRUE(job->WaitUntilTold(absl::ZeroDuration()));
}

TEST_F(PaintJobTest, AJobThatIsThereAlready) {
  PaintJob job(Client(connection_), "jobs/1", news_.Listener());
  EXPECT_EQ(watched_, "jobs/1");
  EXPECT_EQ(job.state().phase, Phase::kWaiting);
  EXPECT_EQ(job.state().job, "jobs/1");
  script_->End(absl::NotFoundError("there is no jobs/1"));
  ASSERT_TRUE(WaitFor(job, Phase::kFailed));
  EXPECT_EQ(job.state().status, absl::NotFoundError("there is no jobs/1"));
}

TEST_F(PaintJobTest, AResultThatComesWithAFailureIsKept) {
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->Bring(ResultPicture{.iteration = 3, .picture = {.bytes = "best so far"}});
  script_->End(absl::ResourceExhaustedError("out of memory"));
  ASSERT_TRUE(WaitFor(*job, Phase::kFailed));
  EXPECT_EQ(job->state().status, absl::ResourceExhaustedError("out of memory"));
  EXPECT_EQ(job->state().result->picture.bytes, "best so far");
}

TEST_F(PaintJobTest, SomebodyElseCancelsIt) {
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->End(absl::CancelledError("the job was cancelled"));
  EXPECT_TRUE(WaitFor(*job, Phase::kCancelled));
}

TEST_F(PaintJobTest, AConnectionThatIsLostAndComesBack) {
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
  ASSERT_TRUE(WaitFor(*job, Phase::kReconnecting));
  EXPECT_EQ(job->state().iteration, 3);
  // Even what says nothing of the phase shows that the server is there.
  script_->Bring(PreviewPicture{.iteration = 3});
  ASSERT_TRUE(WaitFor(*job, Phase::kPainting));
  script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
  ASSERT_TRUE(WaitFor(*job, Phase::kReconnecting));
  script_->End(absl::UnavailableError("gone"));
  ASSERT_TRUE(WaitFor(*job, Phase::kFailed));
  EXPECT_EQ(job->state().status, absl::UnavailableError("gone"));
}

TEST_F(PaintJobTest, APausedJobWaits) {
  const std::unique_ptr<PaintJob> job = StartPainting();
  v1::StateChanged change;
  change.set_state(v1::Job::STATE_PAUSED);
  script_->Bring(change);
  ASSERT_TRUE(WaitFor(*job, Phase::kWaiting));
  change.set_state(v1::Job::STATE_RUNNING);
  script_->Bring(change);
  EXPECT_TRUE(WaitFor(*job, Phase::kPainting));
  script_->End(absl::OkStatus());
}

TEST_F(PaintJobTest, TheRecipeHasItsChangesInTheirOrder) {
  v1::Accepted accepted = Accepted();
  *accepted.mutable_recipe()->add_changes() = WeightChange(2, 20);
  *accepted.mutable_recipe()->add_changes() = WeightChange(50, 500);
  const std::unique_ptr<PaintJob> job = Start();
  script_->Bring(accepted);
  script_->Bring(WeightChange(2, 20));    // as the recipe has planned it
  script_->Bring(WeightChange(10, 100));  // somebody's, on the way
  script_->Bring(Progress(11, 1));
  ASSERT_TRUE(news_.WaitUntil([&] { return job->state().iteration == 11; }));
  EXPECT_EQ(job->state().recipe.ShortDebugString(),
            "iterations: 100 changes { iteration: 2 style_weight: 20 } changes { iteration: 10 style_weight: "
            "100 } changes { iteration: 50 style_weight: 500 }");
  script_->End(absl::OkStatus());
}

TEST_F(PaintJobTest, WeightsAreChangedOnceItIsAccepted) {
  std::promise<std::string> update;
  EXPECT_CALL(*connection_, UpdateJob).WillOnce([&](const v1::UpdateJobRequest& request) {
    update.set_value(request.ShortDebugString());
    return v1::Job();
  });
  const std::unique_ptr<PaintJob> job = Start();
  job->ChangeWeights(1, 10);
  job->ChangeWeights(2, 20);
  script_->Bring(Accepted());
  EXPECT_EQ(update.get_future().get(),
            "job { name: \"jobs/1\" recipe { content_weight: 2 style_weight: 20 } } update_mask { paths: "
            "\"recipe.content_weight\" paths: \"recipe.style_weight\" }");
  script_->End(absl::OkStatus());
}

TEST_F(PaintJobTest, AChangeThatIsRefused) {
  EXPECT_CALL(*connection_, UpdateJob)
      .WillOnce(Return(absl::InvalidArgumentError("recipe.style_weight: 0 is not above 0")))
      .WillOnce(Return(v1::Job()));
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->ChangeWeights(1, 0);
  ASSERT_TRUE(news_.WaitUntil([&] { return !job->state().change_refused.empty(); }));
  EXPECT_EQ(job->state().change_refused, "recipe.style_weight: 0 is not above 0");
  EXPECT_EQ(job->state().phase, Phase::kPainting);
  job->ChangeWeights(1, 2);
  EXPECT_TRUE(news_.WaitUntil([&] { return job->state().change_refused.empty(); }));
  script_->End(absl::OkStatus());
}

TEST_F(PaintJobTest, AChangeWaitsForALostServer) {
  EXPECT_CALL(*connection_, UpdateJob)
      .WillOnce([this](const v1::UpdateJobRequest&) -> absl::StatusOr<v1::Job> {
        script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
        script_->Bring(Progress(4, 1));
        return absl::UnavailableError("gone");
      })
      .WillOnce(Return(absl::FailedPreconditionError("jobs/1 has made its last step")));
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->ChangeWeights(1, 2);
  ASSERT_TRUE(news_.WaitUntil([&] { return !job->state().change_refused.empty(); }));
  EXPECT_EQ(job->state().change_refused, "jobs/1 has made its last step");
  script_->End(absl::OkStatus());
}

TEST_F(PaintJobTest, StopEndsItAfterTheNextStep) {
  EXPECT_CALL(*connection_, UpdateJob).WillOnce([this](const v1::UpdateJobRequest& request) {
    EXPECT_EQ(
        request.ShortDebugString(),
        "job { name: \"jobs/1\" recipe { iterations: 4 } } update_mask { paths: \"recipe.iterations\" }");
    script_->Bring(Progress(4, 2, 4));
    script_->Bring(Progress(5, 1, 4));
    script_->Bring(ResultPicture{.iteration = 4});
    script_->End(absl::OkStatus());
    return v1::Job();
  });
  EXPECT_CALL(*connection_, CancelJob).Times(0);
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->Stop();
  ASSERT_TRUE(WaitFor(*job, Phase::kDone));
  EXPECT_EQ(job->state().result->iteration, 4);
  EXPECT_EQ(job->state().iteration, 4);
}

TEST_F(PaintJobTest, StopOfAJobThatHasMadeMoreStepsThanWeKnow) {
  std::vector<int> asked;
  EXPECT_CALL(*connection_, UpdateJob).Times(3).WillRepeatedly([&](const v1::UpdateJobRequest& request) {
    asked.push_back(request.job().recipe().iterations());
    if (asked.size() < 3) {
      return absl::StatusOr<v1::Job>(absl::InvalidArgumentError("recipe.iterations: 4 is less than the 6"));
    }
    script_->Bring(ResultPicture{.iteration = 7});
    script_->End(absl::OkStatus());
    return absl::StatusOr<v1::Job>(v1::Job());
  });
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->Stop();
  ASSERT_TRUE(WaitFor(*job, Phase::kDone));
  EXPECT_EQ(asked, (std::vector<int>{4, 5, 7}));
}

TEST_F(PaintJobTest, StopOfAPausedJobLetsItMakeItsLastStep) {
  v1::Job paused;
  paused.set_state(v1::Job::STATE_PAUSED);
  EXPECT_CALL(*connection_, UpdateJob).WillOnce(Return(paused));
  EXPECT_CALL(*connection_, ResumeJob).WillOnce([this](const v1::ResumeJobRequest& request) {
    EXPECT_EQ(request.name(), "jobs/1");
    script_->Bring(ResultPicture{.iteration = 4});
    script_->End(absl::OkStatus());
    return v1::Job();
  });
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->Stop();
  EXPECT_TRUE(WaitFor(*job, Phase::kDone));
}

TEST_F(PaintJobTest, StopThatIsRefusedCancelsAndTakesTheBestSoFar) {
  EXPECT_CALL(*connection_, UpdateJob)
      .WillOnce(Return(absl::ResourceExhaustedError("changes: a job takes 1000")));
  EXPECT_CALL(*connection_, CancelJob).WillOnce([this](const v1::CancelJobRequest& request) {
    EXPECT_EQ(request.name(), "jobs/1");
    script_->Bring(ResultPicture{.iteration = 3, .picture = {.bytes = "best so far"}});
    script_->End(absl::CancelledError("the job was cancelled"));
    return v1::Job();
  });
  EXPECT_CALL(*connection_, DeleteJob).Times(0);
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->Stop();
  ASSERT_TRUE(WaitFor(*job, Phase::kDone));
  EXPECT_EQ(job->state().result->picture.bytes, "best so far");
}

TEST_F(PaintJobTest, StopInTheLastStepHasNothingToTell) {
  EXPECT_CALL(*connection_, UpdateJob).Times(0);
  const std::unique_ptr<PaintJob> job = StartPainting(99);
  job->Stop();
  ASSERT_TRUE(WaitFor(*job, Phase::kStopping));
  script_->Bring(ResultPicture{.iteration = 100});
  script_->End(absl::OkStatus());
  EXPECT_TRUE(WaitFor(*job, Phase::kDone));
}

TEST_F(PaintJobTest, StopWithoutAStepCancels) {
  EXPECT_CALL(*connection_, CancelJob).WillOnce([this](const v1::CancelJobRequest&) {
    script_->End(absl::CancelledError("the job was cancelled"));
    return v1::Job();
  });
  EXPECT_CALL(*connection_, DeleteJob).WillOnce(Return(absl::OkStatus()));
  const std::unique_ptr<PaintJob> job = Start();
  script_->Bring(Accepted());
  ASSERT_TRUE(WaitFor(*job, Phase::kWaiting));
  job->Stop();
  EXPECT_EQ(job->state().phase, Phase::kCancelled);
  EXPECT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
}

TEST_F(PaintJobTest, CancelEndsItAtOnceAndDeletesItAtTheServer) {
  std::vector<std::string> calls;
  EXPECT_CALL(*connection_, CancelJob).WillOnce([&](const v1::CancelJobRequest& request) {
    calls.push_back("cancel " + request.name());
    // A job deletes only once it has ended.
    script_->Bring(ResultPicture{.iteration = 3});
    script_->End(absl::CancelledError("the job was cancelled"));
    return v1::Job();
  });
  EXPECT_CALL(*connection_, DeleteJob).WillOnce([&](const v1::DeleteJobRequest& request) {
    calls.push_back("delete " + request.name());
    return absl::OkStatus();
  });
  const std::unique_ptr<PaintJob> job = StartPainting();
  job->Cancel();
  EXPECT_EQ(job->state().phase, Phase::kCancelled);
  EXPECT_TRUE(job->WaitUntilEnded(absl::ZeroDuration()));
  ASSERT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
  EXPECT_EQ(calls, (std::vector<std::string>{"cancel jobs/1", "delete jobs/1"}));
  EXPECT_EQ(job->state().phase, Phase::kCancelled);
}

TEST_F(PaintJobTest, CancelBeforeItIsAccepted) {
  EXPECT_CALL(*connection_, CancelJob).Times(0);
  EXPECT_CALL(*connection_, DeleteJob).Times(0);
  const std::unique_ptr<PaintJob> job = Start();
  job->Cancel();
  EXPECT_EQ(job->state().phase, Phase::kCancelled);
  ASSERT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
  EXPECT_EQ(script_->cancels, 1);
}

TEST_F(PaintJobTest, CancelWhileTheConnectionIsLostReachesTheServerLater) {
  EXPECT_CALL(*connection_, CancelJob)
      .WillOnce([this](const v1::CancelJobRequest&) {
        script_->Bring(Progress(4, 1));  // the server is there again
        return absl::UnavailableError("gone");
      })
      .WillOnce([this](const v1::CancelJobRequest&) {
        script_->End(absl::CancelledError("the job was cancelled"));
        return v1::Job();
      });
  EXPECT_CALL(*connection_, DeleteJob).WillOnce(Return(absl::OkStatus()));
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
  ASSERT_TRUE(WaitFor(*job, Phase::kReconnecting));
  job->Cancel();
  EXPECT_EQ(job->state().phase, Phase::kCancelled);
  EXPECT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
}

TEST_F(PaintJobTest, CancelWhileALostRequestIsntAccepted) {
  EXPECT_CALL(*connection_, CancelJob).WillOnce([this](const v1::CancelJobRequest&) {
    script_->End(absl::CancelledError("the job was cancelled"));
    return v1::Job();
  });
  EXPECT_CALL(*connection_, DeleteJob).WillOnce(Return(absl::OkStatus()));
  const std::unique_ptr<PaintJob> job = Start();
  script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
  ASSERT_TRUE(WaitFor(*job, Phase::kReconnecting));
  job->Cancel();
  // The server had it all the same.
  script_->Bring(Accepted());
  ASSERT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
  EXPECT_EQ(script_->cancels, 0);
}

TEST_F(PaintJobTest, CancelIsGivenUpWithTheConnection) {
  EXPECT_CALL(*connection_, CancelJob).WillOnce(Return(absl::UnavailableError("gone")));
  EXPECT_CALL(*connection_, DeleteJob).Times(0);
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->Bring(ConnectionLost{absl::UnavailableError("gone")});
  job->Cancel();
  script_->End(absl::UnavailableError("gone"));
  EXPECT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
}

TEST_F(PaintJobTest, CancelOfAJobThatIsDoneDeletesIt) {
  EXPECT_CALL(*connection_, CancelJob).WillOnce(Return(v1::Job()));
  EXPECT_CALL(*connection_, DeleteJob).WillOnce(Return(absl::OkStatus()));
  const std::unique_ptr<PaintJob> job = StartPainting();
  script_->Bring(ResultPicture{.iteration = 3});
  script_->End(absl::OkStatus());
  ASSERT_TRUE(WaitFor(*job, Phase::kDone));
  job->Cancel();
  EXPECT_TRUE(job->WaitUntilTold(absl::Minutes(1)));
  EXPECT_EQ(job->state().phase, Phase::kDone);
}

TEST_F(PaintJobTest, ItsEndLeavesTheJobToTheServer) {
  EXPECT_CALL(*connection_, CancelJob).Times(0);
  EXPECT_CALL(*connection_, DeleteJob).Times(0);
  std::unique_ptr<PaintJob> job = StartPainting();
  job.reset();
  const int told = news_.count();
  script_->Bring(Progress(4, 1));
  script_->WaitFor(script_->destroyed, 1);
  EXPECT_EQ(script_->cancels, 0);
  EXPECT_EQ(news_.count(), told);
}

TEST_F(PaintJobTest, WhatWasCancelledIsToldAfterItsEnd) {
  EXPECT_CALL(*connection_, CancelJob).WillOnce([this](const v1::CancelJobRequest&) {
    script_->End(absl::CancelledError("the job was cancelled"));
    return v1::Job();
  });
  int deleted = 0;
  EXPECT_CALL(*connection_, DeleteJob).WillOnce([&](const v1::DeleteJobRequest&) {
    script_->Count(&deleted);
    return absl::OkStatus();
  });
  std::unique_ptr<PaintJob> job = StartPainting();
  job->Cancel();
  job.reset();
  script_->WaitFor(deleted, 1);
}

}  // namespace
}  // namespace impasto::gimp
