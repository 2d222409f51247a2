#include "jobs/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;

class EventLogTest : public testing::Test {
 protected:
  ~EventLogTest() override { wakes_->Stop(); }

  void Progress(int iteration) {
    v1::Progress progress;
    progress.set_iteration(iteration);
    log_->AddProgress(progress);
  }
  void Preview(int iteration) {
    v1::Preview preview;
    preview.set_iteration(iteration);
    log_->AddPreview(preview, {{}, absl::StrCat("p", iteration)});
  }
  // All events from `after` on, by sequence number and name.
  std::vector<std::string> Events(int64_t after = 0) {
    std::vector<std::string> words;
    while (std::optional<Event> event = log_->NextEvent(after)) {
      after = event->message.sequence();
      words.push_back(absl::StrCat(after, " ", Describe(*event)));
    }
    return words;
  }

  const std::shared_ptr<WakeThread> wakes_ = std::make_shared<WakeThread>();
  const std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(
      wakes_, [] { return absl::FromUnixSeconds(1234567890) + absl::Nanoseconds(5); });
};

TEST_F(EventLogTest, NumbersAndStampsEvents) {
  EXPECT_EQ(log_->NextEvent(0), std::nullopt);
  v1::Accepted accepted;
  accepted.set_job("jobs/x");
  log_->AddAccepted(accepted);
  const std::optional<Event> event = log_->NextEvent(0);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->message.sequence(), 1);
  EXPECT_EQ(event->message.time().seconds(), 1234567890);
  EXPECT_EQ(event->message.time().nanos(), 5);
  EXPECT_EQ(event->message.accepted().job(), "jobs/x");
  EXPECT_EQ(log_->NextEvent(1), std::nullopt);
}

TEST_F(EventLogTest, KeepsEveryLossAndTheNewestPreview) {
  Progress(1);
  Preview(1);
  Progress(2);
  Preview(2);
  Progress(3);
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "3 progress 2", "4 preview p2", "5 progress 3"));
  EXPECT_THAT(Events(3), ElementsAre("4 preview p2", "5 progress 3"));
  EXPECT_THAT(Events(4), ElementsAre("5 progress 3"));
}

TEST_F(EventLogTest, ASupersededPreviewIsFreed) {
  Preview(1);
  std::weak_ptr<const EncodedPicture> first = log_->NextEvent(0)->picture;
  EXPECT_FALSE(first.expired());
  Preview(2);
  EXPECT_TRUE(first.expired());
}

TEST_F(EventLogTest, NothingComesAfterTheEnd) {
  Progress(1);
  v1::Result result;
  log_->AddResult(result, {{}, "r1"});
  EXPECT_EQ(log_->EndStatus(), std::nullopt);
  v1::Finished finished;
  finished.set_state(v1::Finished::STATE_SUCCEEDED);
  log_->End(finished, absl::OkStatus());
  Progress(2);
  Preview(2);
  log_->End(v1::Finished(), absl::CancelledError("late"));
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "2 result r1", "3 SUCCEEDED"));
  EXPECT_EQ(log_->EndStatus(), absl::OkStatus());
}

TEST_F(EventLogTest, MayEndWithoutAnEvent) {
  log_->End(std::nullopt, absl::NotFoundError("no such model"));
  EXPECT_THAT(Events(), ElementsAre());
  EXPECT_EQ(log_->EndStatus(), absl::NotFoundError("no such model"));
}

TEST_F(EventLogTest, WakesOnceForWhatIsThereAlready) {
  Progress(1);
  Counter woken;
  log_->NotifyAfter(0, [&] { woken.Add(); });
  woken.WaitFor(1);
  Progress(2);
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 1);
}

TEST_F(EventLogTest, WakesForTheNextEventAlone) {
  Counter woken;
  Progress(1);
  log_->NotifyAfter(1, [&] { woken.Add(); });
  EXPECT_EQ(woken.value(), 0);
  Preview(1);
  woken.WaitFor(1);
  Progress(2);
  Progress(3);
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 1);
}

TEST_F(EventLogTest, TheEndWakesWhoeverWaits) {
  Counter woken;
  log_->NotifyAfter(std::numeric_limits<int64_t>::max(), [&] { woken.Add(); });
  Progress(1);
  EXPECT_EQ(woken.value(), 0);
  log_->End(std::nullopt, absl::OkStatus());
  woken.WaitFor(1);
}

TEST_F(EventLogTest, AWakeMayAskForTheNext) {
  Counter woken;
  log_->NotifyAfter(0, [&] {
    woken.Add();
    log_->NotifyAfter(1, [&] { woken.Add(); });
  });
  Progress(1);
  woken.WaitFor(1);
  Progress(2);
  woken.WaitFor(2);
  EXPECT_EQ(woken.value(), 2);
}

TEST_F(EventLogTest, ASecondWakeReplacesTheFirst) {
  Counter first, second;
  log_->NotifyAfter(0, [&] { first.Add(); });
  log_->NotifyAfter(0, [&] { second.Add(); });
  Progress(1);
  second.WaitFor(1);
  wakes_->Stop();
  EXPECT_EQ(first.value(), 0);
}

TEST_F(EventLogTest, TakenBackItIsNotCalled) {
  Counter woken;
  log_->NotifyAfter(0, [&] { woken.Add(); });
  log_->NotifyAfter(0, nullptr);
  Progress(1);
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 0);
}

TEST_F(EventLogTest, TakingBackWaitsForTheCallUnderWay) {
  Counter began, go, over;
  log_->NotifyAfter(0, [&] {
    began.Add();
    go.WaitFor(1);
    over.Add();
  });
  Progress(1);
  began.WaitFor(1);
  std::thread taker([&] {
    log_->NotifyAfter(0, nullptr);
    EXPECT_EQ(over.value(), 1);
  });
  go.Add();
  taker.join();
}

TEST_F(EventLogTest, TakingBackFromInsideTheCallDoesNotWait) {
  Counter woken;
  log_->NotifyAfter(0, [&] {
    log_->NotifyAfter(0, nullptr);
    woken.Add();
  });
  Progress(1);
  woken.WaitFor(1);
}

TEST_F(EventLogTest, WakesWithoutItsThread) {
  log_->End(std::nullopt, absl::OkStatus());
  wakes_->Stop();
  bool woken = false;
  log_->NotifyAfter(0, [&] { woken = true; });
  EXPECT_TRUE(woken);
}

}  // namespace
}  // namespace impasto::jobs
