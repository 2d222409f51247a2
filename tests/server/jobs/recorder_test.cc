#include "jobs/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// Gives `limit` events at a time.
class FakeJob final : public Recorded {
 public:
  FakeJob(std::string name, std::shared_ptr<WakeThread> wakes, size_t limit)
      : name_(std::move(name)), log_(std::make_shared<EventLog>(wakes, absl::Now)), limit_(limit) {}
  const std::string& name() const override { return name_; }
  EventLog& log() override { return *log_; }
  bool Collect(Journal::Batch* batch) override {
    JobRecord record;
    record.job.set_name(name_);
    batch->jobs.push_back(record);
    const std::vector<JournalEvent> events = log_->Unjournaled(name_, limit_);
    batch->events.insert(batch->events.end(), events.begin(), events.end());
    return events.size() == limit_;
  }
  void Progress(int iteration) {
    v1::JobEvent event;
    event.mutable_progress()->set_iteration(iteration);
    log_->Add(event);
  }

 private:
  const std::string name_;
  const std::shared_ptr<EventLog> log_;
  const size_t limit_;
};

class RecorderTest : public testing::Test {
 protected:
  ~RecorderTest() override {
    recorder_.Stop();
    wakes_->Stop();
  }
  std::shared_ptr<FakeJob> NewJob(const std::string& name, size_t limit = 1000) {
    return std::make_shared<FakeJob>(name, wakes_, limit);
  }
  size_t Journaled(const std::string& job) { return journal_.LoadEvents(job)->size(); }

  const std::shared_ptr<WakeThread> wakes_ = std::make_shared<WakeThread>();
  FakeJournal journal_;
  std::vector<std::string> lines_;  // the recorder's thread's, until it is stopped
  Recorder recorder_{&journal_, [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(RecorderTest, WritesAJobAndItsEvents) {
  const auto job = NewJob("jobs/a");
  job->Progress(1);
  job->Progress(2);
  recorder_.Touch(job, /*urgent=*/false);
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  EXPECT_EQ(Journaled("jobs/a"), 2u);
  EXPECT_THAT(*journal_.LoadJobs(), SizeIs(1));
  EXPECT_TRUE(job->log().fully_journaled());
  EXPECT_EQ(recorder_.health(), absl::OkStatus());
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  EXPECT_EQ(journal_.commits.value(), 1);
}

TEST_F(RecorderTest, WhatIsNotUrgentIsWrittenToo) {
  const auto job = NewJob("jobs/a");
  job->Progress(1);
  recorder_.Touch(job, /*urgent=*/false);
  journal_.commits.WaitFor(1);
  EventReader reader(job->log().MakeWatch("jobs/a", 0, nullptr));
  EXPECT_EQ(Describe(*reader.Next()), "progress 1");
}

TEST_F(RecorderTest, ManyChangesShareACommit) {
  journal_.may_commit.Add(-kNoLimit);
  const auto first = NewJob("jobs/a");
  first->Progress(1);
  recorder_.Touch(first, /*urgent=*/true);
  journal_.commits.WaitFor(1);
  std::vector<std::shared_ptr<FakeJob>> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(NewJob(absl::StrCat("jobs/b", i)));
    for (int k = 1; k <= 3; ++k) {
      jobs.back()->Progress(k);
      recorder_.Touch(jobs.back(), /*urgent=*/k == 2);
    }
  }
  first->Progress(2);
  recorder_.Touch(first, /*urgent=*/false);
  EXPECT_FALSE(first->log().fully_journaled());
  journal_.may_commit.Add(kNoLimit);
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  EXPECT_EQ(journal_.commits.value(), 2);
  EXPECT_EQ(Journaled("jobs/a"), 2u);
  EXPECT_EQ(Journaled("jobs/b19"), 3u);
}

TEST_F(RecorderTest, TellsWhenItIsWritten) {
  journal_.may_commit.Add(-kNoLimit);
  const auto job = NewJob("jobs/a");
  job->Progress(1);
  Counter done;
  recorder_.Touch(job, /*urgent=*/false, [&](const absl::Status& status) {
    EXPECT_EQ(status, absl::OkStatus());
    EXPECT_TRUE(job->log().fully_journaled());
    done.Add();
  });
  journal_.commits.WaitFor(1);
  EXPECT_EQ(done.value(), 0);
  journal_.may_commit.Add(kNoLimit);
  done.WaitFor(1);
}

TEST_F(RecorderTest, TellsWhenAllOfALongBacklogIsWritten) {
  const auto job = NewJob("jobs/a", /*limit=*/2);
  for (int i = 1; i <= 7; ++i) job->Progress(i);
  Counter done;
  recorder_.Touch(job, /*urgent=*/true, [&](const absl::Status&) {
    EXPECT_TRUE(job->log().fully_journaled());
    done.Add();
  });
  done.WaitFor(1);
  EXPECT_EQ(Journaled("jobs/a"), 7u);
  EXPECT_EQ(journal_.commits.value(), 4);
}

TEST_F(RecorderTest, FlushEndsThoughOthersGoOn) {
  const auto job = NewJob("jobs/a");
  std::atomic<bool> over = false;
  Counter touched;
  std::thread busy([&] {
    while (!over) {
      recorder_.Touch(job, /*urgent=*/true);
      touched.Add();
    }
  });
  touched.WaitFor(10);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  over = true;
  busy.join();
}

TEST_F(RecorderTest, WhileItFailsWatchersSeeAllAndItIsTriedAgain) {
  journal_.Fail(absl::ResourceExhaustedError("disk full"));
  const auto job = NewJob("jobs/a");
  job->Progress(1);
  Counter told;
  recorder_.Touch(job, /*urgent=*/true, [&](const absl::Status& status) {
    EXPECT_EQ(status, absl::ResourceExhaustedError("disk full"));
    told.Add();
  });
  told.WaitFor(1);
  EventReader reader(job->log().MakeWatch("jobs/a", 0, nullptr));
  EXPECT_EQ(Describe(*reader.Next()), "progress 1");
  EXPECT_EQ(recorder_.health(), absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(recorder_.Flush(), absl::ResourceExhaustedError("disk full"));
  EXPECT_FALSE(job->log().fully_journaled());
  // Another job's commit is tried with it.
  const auto other = NewJob("jobs/b");
  other->Progress(1);
  job->Progress(2);
  recorder_.Touch(other, /*urgent=*/true);
  EXPECT_EQ(recorder_.Flush(), absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(Describe(*reader.Next()), "progress 2");

  journal_.Fail(absl::OkStatus());
  const int before = journal_.commits.value();
  recorder_.Retry();
  journal_.commits.WaitFor(before + 1);
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  EXPECT_EQ(Journaled("jobs/a"), 2u);
  EXPECT_EQ(Journaled("jobs/b"), 1u);
  EXPECT_TRUE(job->log().fully_journaled());
  EXPECT_EQ(recorder_.health(), absl::OkStatus());
  recorder_.Stop();
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("can't be written; jobs go on without it: "
                                            "RESOURCE_EXHAUSTED: disk full"),
                                  "the journal can be written again"));
}

TEST_F(RecorderTest, RetryWithoutAFailureDoesNothing) {
  recorder_.Retry();
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  EXPECT_EQ(journal_.commits.value(), 0);
}

TEST_F(RecorderTest, StopWritesWhatIsThere) {
  const auto job = NewJob("jobs/a", /*limit=*/1);
  for (int i = 1; i <= 3; ++i) job->Progress(i);
  recorder_.Touch(job, /*urgent=*/false);
  recorder_.Stop();
  EXPECT_EQ(Journaled("jobs/a"), 3u);
  recorder_.Stop();
}

// The journal fails now and then; at the end it has everything once, which FakeJournal checks.
TEST_F(RecorderTest, NothingIsLostOrWrittenTwice) {
  constexpr int kJobs = 4, kEvents = 500;
  std::vector<std::shared_ptr<FakeJob>> jobs;
  std::vector<std::thread> threads;
  Counter told;
  for (int j = 0; j < kJobs; ++j) jobs.push_back(NewJob(absl::StrCat("jobs/", j), /*limit=*/7));
  for (int j = 0; j < kJobs; ++j) {
    threads.emplace_back([&, j] {
      for (int i = 1; i <= kEvents; ++i) {
        jobs[j]->Progress(i);
        recorder_.Touch(jobs[j], i % 3 == 0, [&](const absl::Status&) { told.Add(); });
        if (i % 50 == 0) journal_.Fail(i % 100 == 0 ? absl::UnavailableError("odd") : absl::OkStatus());
        if (i % 70 == 0) recorder_.Retry();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  journal_.Fail(absl::OkStatus());
  EXPECT_EQ(recorder_.Flush(), absl::OkStatus());
  told.WaitFor(kJobs * kEvents);
  for (const auto& job : jobs) {
    EXPECT_EQ(Journaled(job->name()), size_t{kEvents});
    EXPECT_TRUE(job->log().fully_journaled());
  }
  recorder_.Stop();
  EXPECT_EQ(told.value(), kJobs * kEvents);
}

}  // namespace
}  // namespace impasto::jobs
