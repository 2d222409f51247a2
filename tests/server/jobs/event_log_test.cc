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

  std::shared_ptr<EventLog> NewLog() {
    return std::make_shared<EventLog>(
        wakes_, [] { return absl::FromUnixSeconds(1234567890) + absl::Nanoseconds(5); });
  }
  void Progress(int iteration) {
    v1::JobEvent event;
    event.mutable_progress()->set_iteration(iteration);
    log_->Add(event);
  }
  void Preview(int iteration) {
    v1::JobEvent event;
    event.mutable_preview()->set_iteration(iteration);
    log_->Add(event, Picture(absl::StrCat("p", iteration)));
  }
  void Result(int iteration) {
    v1::JobEvent event;
    event.mutable_result()->set_iteration(iteration);
    log_->Add(event, Picture(absl::StrCat("r", iteration)));
  }
  void Finish() {
    v1::JobEvent event;
    event.mutable_finished()->set_state(v1::Finished::STATE_SUCCEEDED);
    log_->Add(event);
    log_->End(absl::OkStatus());
  }
  static std::shared_ptr<const EncodedPicture> Picture(std::string data) {
    return std::make_shared<const EncodedPicture>(EncodedPicture{{}, std::move(data)});
  }
  // As the recorder does; the messages.
  std::vector<std::string> Journal(size_t limit = 1000) {
    std::vector<std::string> messages;
    int64_t last = 0;
    for (const JournalEvent& event : log_->Unjournaled("jobs/x", limit)) {
      EXPECT_EQ(event.job, "jobs/x");
      last = event.sequence;
      messages.push_back(event.message);
    }
    log_->MarkJournaled(last);
    return messages;
  }
  std::unique_ptr<Watch> NewWatch(int64_t after = 0) { return log_->MakeWatch("jobs/x", after, nullptr); }
  // What a watch has now, by sequence number and name.
  static std::vector<std::string> Events(Watch& watch) {
    std::vector<std::string> words;
    while (std::optional<Event> event = watch.Next()) {
      words.push_back(absl::StrCat(event->message.sequence(), " ", Describe(*event)));
    }
    return words;
  }
  std::vector<std::string> Events(int64_t after = 0) { return Events(*NewWatch(after)); }

  const std::shared_ptr<WakeThread> wakes_ = std::make_shared<WakeThread>();
  std::shared_ptr<EventLog> log_ = NewLog();
};

TEST_F(EventLogTest, NumbersAndStampsEvents) {
  auto watch = NewWatch();
  EXPECT_EQ(watch->job_name(), "jobs/x");
  EXPECT_FALSE(watch->Next().has_value());
  EXPECT_EQ(log_->last_sequence(), 0);
  v1::JobEvent accepted;
  accepted.mutable_accepted()->set_job("jobs/x");
  log_->Add(accepted);
  Journal();
  const std::optional<Event> event = watch->Next();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->message.sequence(), 1);
  EXPECT_EQ(event->message.time().seconds(), 1234567890);
  EXPECT_EQ(event->message.time().nanos(), 5);
  EXPECT_EQ(event->message.accepted().job(), "jobs/x");
  EXPECT_FALSE(watch->Next().has_value());
  EXPECT_EQ(log_->last_sequence(), 1);
}

TEST_F(EventLogTest, KeepsEveryLossAndTheNewestPreview) {
  Progress(1);
  Preview(1);
  Progress(2);
  Preview(2);
  Progress(3);
  Journal();
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "3 progress 2", "4 preview p2", "5 progress 3"));
  EXPECT_THAT(Events(3), ElementsAre("4 preview p2", "5 progress 3"));
  EXPECT_THAT(Events(4), ElementsAre("5 progress 3"));
  EXPECT_EQ(log_->last_sequence(), 5);
  Preview(3);
  EXPECT_EQ(log_->last_sequence(), 6);
  EXPECT_EQ(log_->last_kept_sequence(), 5);
}

TEST_F(EventLogTest, WatchersReadEachAtItsPace) {
  auto quick = NewWatch(), slow = NewWatch();
  Progress(1);
  Preview(1);
  Journal();
  EXPECT_THAT(Events(*quick), ElementsAre("1 progress 1", "2 preview p1"));
  Progress(2);
  Preview(2);
  Journal();
  EXPECT_THAT(Events(*quick), ElementsAre("3 progress 2", "4 preview p2"));
  EXPECT_THAT(Events(*slow), ElementsAre("1 progress 1", "3 progress 2", "4 preview p2"));
}

TEST_F(EventLogTest, ASupersededPreviewIsFreed) {
  Preview(1);
  std::weak_ptr<const EncodedPicture> first = NewWatch()->Next()->picture;
  EXPECT_FALSE(first.expired());
  Preview(2);
  EXPECT_TRUE(first.expired());
}

TEST_F(EventLogTest, EventsAreSeenOnceTheJournalHasThem) {
  Progress(1);
  Progress(2);
  Preview(1);
  Progress(3);
  auto watch = NewWatch();
  EXPECT_THAT(Events(*watch), ElementsAre());
  EXPECT_FALSE(log_->fully_journaled());
  EXPECT_EQ(Journal(1).size(), 1u);
  EXPECT_THAT(Events(*watch), ElementsAre("1 progress 1"));
  // A preview with all that was before it.
  EXPECT_EQ(Journal(1).size(), 1u);
  EXPECT_THAT(Events(*watch), ElementsAre("2 progress 2", "3 preview p1"));
  EXPECT_EQ(Journal().size(), 1u);
  EXPECT_THAT(Events(*watch), ElementsAre("4 progress 3"));
  EXPECT_TRUE(log_->fully_journaled());
  EXPECT_EQ(Journal().size(), 0u);
}

TEST_F(EventLogTest, TheEndIsSeenOnceTheJournalHasIt) {
  Finish();
  auto watch = NewWatch();
  EXPECT_EQ(watch->EndStatus(), std::nullopt);
  Journal();
  EXPECT_EQ(watch->EndStatus(), absl::OkStatus());
  EXPECT_THAT(Events(*watch), ElementsAre("1 SUCCEEDED"));
}

TEST_F(EventLogTest, WhileTheJournalFailsAllIsSeen) {
  Progress(1);
  auto watch = NewWatch();
  log_->ShowUnjournaled();
  EXPECT_THAT(Events(*watch), ElementsAre("1 progress 1"));
  Progress(2);
  Preview(2);
  EXPECT_THAT(Events(*watch), ElementsAre("2 progress 2", "3 preview p2"));
  // Some of it is written, more follows: what was seen stays seen.
  Journal(1);
  Progress(3);
  EXPECT_THAT(Events(*watch), ElementsAre("4 progress 3"));
  Journal();
  Progress(4);
  EXPECT_THAT(Events(*watch), ElementsAre());
  log_->ShowUnjournaled();
  Finish();
  EXPECT_EQ(watch->EndStatus(), absl::OkStatus());
}

TEST_F(EventLogTest, NothingComesAfterTheEnd) {
  Progress(1);
  Result(1);
  EXPECT_EQ(NewWatch()->EndStatus(), std::nullopt);
  Finish();
  Progress(2);
  Preview(2);
  log_->End(absl::CancelledError("late"));
  Journal();
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "2 result r1", "3 SUCCEEDED"));
  EXPECT_EQ(NewWatch()->EndStatus(), absl::OkStatus());
}

TEST_F(EventLogTest, MayEndWithoutAnEvent) {
  log_->End(absl::NotFoundError("no such model"));
  EXPECT_THAT(Events(), ElementsAre());
  EXPECT_EQ(NewWatch()->EndStatus(), absl::NotFoundError("no such model"));
}

TEST_F(EventLogTest, GoesOnFromWhatTheJournalHas) {
  Progress(1);
  Preview(1);
  Progress(2);
  v1::JobEvent changed;
  changed.mutable_changed()->set_iteration(2);
  log_->Add(changed);
  EXPECT_EQ(log_->changes(), 1);
  const std::vector<std::string> messages = Journal();
  Preview(2);
  EXPECT_EQ(log_->last_sequence(), 5);

  log_ = NewLog();
  log_->Restore(messages, nullptr);
  EXPECT_TRUE(log_->fully_journaled());
  EXPECT_EQ(log_->changes(), 1);
  EXPECT_EQ(log_->last_kept_sequence(), 4);
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "3 progress 2", "4 changed 2"));
  // Losses that are there already aren't added again; numbers that a watcher may have seen aren't given
  // again.
  EXPECT_GT(log_->last_sequence(), 5);
  auto watch = NewWatch(5);
  Progress(1);
  Progress(2);
  Progress(3);
  EXPECT_EQ(log_->last_sequence(), 1'000'005);
  Journal();
  EXPECT_THAT(Events(*watch), ElementsAre("1000005 progress 3"));
}

TEST_F(EventLogTest, AResultComesBackWithItsPicture) {
  Progress(1);
  Result(1);
  Finish();
  const std::vector<std::string> messages = Journal();
  log_ = NewLog();
  log_->Restore(messages, Picture("r1"));
  log_->End(absl::OkStatus());
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "2 result r1", "3 SUCCEEDED"));
  // Without its picture there is none.
  log_ = NewLog();
  log_->Restore(messages, nullptr);
  EXPECT_THAT(Events(), ElementsAre("1 progress 1", "3 SUCCEEDED"));
  EXPECT_GE(log_->last_sequence(), 3);
}

TEST_F(EventLogTest, RestoredFromNothingItBeginsAtOne) {
  log_->Restore({}, nullptr);
  Progress(1);
  Journal();
  EXPECT_THAT(Events(), ElementsAre("1 progress 1"));
}

TEST_F(EventLogTest, SkipsAMessageThatIsNone) {
  log_->Restore({"\xff\xff"}, nullptr);
  EXPECT_THAT(Events(), ElementsAre());
}

TEST_F(EventLogTest, AWatcherThatGoesTellsOnce) {
  int gone = 0;
  auto watch = log_->MakeWatch("jobs/x", 0, [&] { ++gone; });
  EXPECT_EQ(gone, 0);
  watch = nullptr;
  EXPECT_EQ(gone, 1);
}

TEST_F(EventLogTest, WakesOnceForWhatIsThereAlready) {
  Progress(1);
  Journal();
  auto watch = NewWatch();
  Counter woken;
  watch->Notify([&] { woken.Add(); });
  woken.WaitFor(1);
  Progress(2);
  Journal();
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 1);
}

TEST_F(EventLogTest, WakesForWhatCanBeSeenAlone) {
  auto watch = NewWatch();
  Counter woken;
  watch->Notify([&] { woken.Add(); });
  Progress(1);
  Progress(2);
  EXPECT_EQ(woken.value(), 0);
  Journal(1);
  woken.WaitFor(1);
  EXPECT_THAT(Events(*watch), ElementsAre("1 progress 1"));
  watch->Notify([&] { woken.Add(); });
  log_->ShowUnjournaled();
  woken.WaitFor(2);
}

TEST_F(EventLogTest, DoesNotWakeForASupersededPreview) {
  Progress(1);
  Preview(1);
  Journal();
  auto watch = NewWatch(1);
  Preview(2);
  Progress(2);  // not in the journal: nothing after preview 2 can be seen
  EXPECT_THAT(Events(*watch), ElementsAre("3 preview p2"));
  Preview(3);
  Counter woken;
  watch->Notify([&] { woken.Add(); });
  EXPECT_EQ(woken.value(), 0);
  Journal();
  woken.WaitFor(1);
  EXPECT_THAT(Events(*watch), ElementsAre("4 progress 2", "5 preview p3"));
}

TEST_F(EventLogTest, DoesNotWakeForTheGapOfARestart) {
  Progress(1);
  const std::vector<std::string> messages = Journal();
  log_ = NewLog();
  log_->Restore(messages, nullptr);
  auto watch = NewWatch(1);
  Counter woken;
  watch->Notify([&] { woken.Add(); });
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 0);
}

TEST_F(EventLogTest, AWakeForWhatIsReadMeanwhileIsNotMade) {
  Counter busy, go;
  wakes_->Post([&] {
    busy.Add();
    go.WaitFor(1);
  });
  busy.WaitFor(1);
  Progress(1);
  Journal();
  auto watch = NewWatch();
  Counter woken;
  watch->Notify([] { ADD_FAILURE() << "replaced"; });
  EXPECT_THAT(Events(*watch), ElementsAre("1 progress 1"));
  watch->Notify([&] { woken.Add(); });
  Counter passed;
  wakes_->Post([&] { passed.Add(); });
  go.Add();
  passed.WaitFor(1);
  EXPECT_EQ(woken.value(), 0);
  Progress(2);
  Journal();
  woken.WaitFor(1);
}

TEST_F(EventLogTest, TheEndWakesWhoeverWaits) {
  auto first = NewWatch(), second = NewWatch();
  Counter woken;
  first->Notify([&] { woken.Add(); });
  second->Notify([&] { woken.Add(); });
  log_->End(absl::OkStatus());
  woken.WaitFor(2);
}

TEST_F(EventLogTest, AWakeMayAskForTheNext) {
  auto watch = NewWatch();
  Counter woken;
  watch->Notify([&] {
    watch->Next();
    watch->Notify([&] { woken.Add(); });
    woken.Add();
  });
  Progress(1);
  Journal();
  woken.WaitFor(1);
  Progress(2);
  Journal();
  woken.WaitFor(2);
  EXPECT_EQ(woken.value(), 2);
}

TEST_F(EventLogTest, ASecondWakeReplacesTheFirst) {
  auto watch = NewWatch();
  Counter first, second;
  watch->Notify([&] { first.Add(); });
  watch->Notify([&] { second.Add(); });
  Progress(1);
  Journal();
  second.WaitFor(1);
  wakes_->Stop();
  EXPECT_EQ(first.value(), 0);
}

TEST_F(EventLogTest, TakenBackItIsNotCalled) {
  auto watch = NewWatch();
  auto gone = NewWatch();
  Counter woken;
  watch->Notify([&] { woken.Add(); });
  gone->Notify([&] { woken.Add(); });
  watch->Notify(nullptr);
  gone = nullptr;
  Progress(1);
  Journal();
  wakes_->Stop();
  EXPECT_EQ(woken.value(), 0);
}

TEST_F(EventLogTest, TakingBackWaitsForTheCallUnderWay) {
  auto watch = NewWatch();
  Counter began, go, over;
  watch->Notify([&] {
    began.Add();
    go.WaitFor(1);
    over.Add();
  });
  Progress(1);
  Journal();
  began.WaitFor(1);
  std::thread taker([&] {
    watch->Notify(nullptr);
    EXPECT_EQ(over.value(), 1);
  });
  go.Add();
  taker.join();
}

TEST_F(EventLogTest, AWatcherMayGoFromInsideTheCall) {
  auto watch = NewWatch();
  Counter woken;
  watch->Notify([&] {
    watch = nullptr;
    woken.Add();
  });
  Progress(1);
  Journal();
  woken.WaitFor(1);
  wakes_->Stop();
  EXPECT_EQ(watch, nullptr);
}

TEST_F(EventLogTest, WakesWithoutItsThread) {
  log_->End(absl::OkStatus());
  wakes_->Stop();
  bool woken = false;
  NewWatch()->Notify([&] { woken = true; });
  EXPECT_TRUE(woken);
}

TEST_F(EventLogTest, ManyWatchersFromManyThreads) {
  constexpr int kThreads = 4, kWatches = 50, kEvents = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      std::vector<EventReader> readers;
      for (int i = 0; i < kWatches; ++i) readers.emplace_back(NewWatch());
      for (EventReader& reader : readers) {
        int next = 0;
        for (const Event& event : reader.Rest()) {
          if (!event.message.has_progress()) continue;
          EXPECT_EQ(event.message.progress().iteration(), ++next);
        }
        EXPECT_EQ(next, kEvents);
      }
    });
  }
  for (int i = 1; i <= kEvents; ++i) {
    Progress(i);
    Preview(i);
    Journal();
  }
  Finish();
  Journal();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace impasto::jobs
