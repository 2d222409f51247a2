// kill -9 at any moment: whatever the journal said was done is there, whole, and nothing is left over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/strings/match.h"
#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/child.h"
#include "tests/server/jobs/sqlite/open_journal.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using testing::Child;
using testing::Event;
using testing::EventMessage;
using ::testing::IsEmpty;
using testing::Listing;
using testing::OpenJournal;
using testing::ReadAll;
using testing::Record;
using testing::TempFolder;

constexpr int kEventsARound = 3;

// A file that can't be taken for a part of another round's.
std::string Content(int64_t round) {
  std::mt19937 generator(static_cast<unsigned>(round));
  std::string bytes = absl::StrCat(round, "\n");
  bytes.resize(100'000 + generator() % 200'000, static_cast<char>('a' + round % 26));
  return bytes;
}

std::string ShortLived(int64_t round) { return absl::StrCat("short", round); }

// What a child reports once it is done.
enum Step { kCommitted, kWritten, kMade, kDeleted, kSteps };

void Work(Journal& journal, int64_t round, const Child::Report& report) {
  const auto done = [&](Step step) { report(round * kSteps + step); };
  Journal::Batch batch;
  batch.jobs = {Record("long", 1, absl::StrCat(round))};
  for (int64_t i = 1; i <= kEventsARound; ++i)
    batch.events.push_back(Event("long", (round - 1) * kEventsARound + i, static_cast<double>(round)));
  ASSERT_EQ(journal.Commit(batch), absl::OkStatus());
  done(kCommitted);
  ASSERT_EQ(journal.WriteFile("jobs/long", JobFile::kCheckpoint, Bytes(Content(round))), absl::OkStatus());
  done(kWritten);
  const std::string name = absl::StrCat("jobs/", ShortLived(round));
  ASSERT_EQ(journal.WriteFile(name, JobFile::kRequest, Bytes(name)), absl::OkStatus());
  ASSERT_EQ(journal.Commit({{Record(ShortLived(round), round)}, {}}), absl::OkStatus());
  done(kMade);
  ASSERT_EQ(journal.DeleteJob(absl::StrCat("jobs/", ShortLived(round - 1))), absl::OkStatus());
  done(kDeleted);
}

TEST(SqliteJournalCrashTest, WhatWasDoneIsThere) {
  const TempFolder folder;
  const std::string state = folder / "state";
  int64_t last[kSteps] = {};  // the last round that each step was reported of
  int64_t next = 1;
  std::mt19937 moments(11);
  for (int kill = 0; kill < 25; ++kill) {
    Child child([&](const Child::Report& report) {
      auto journal = OpenJournal(state);
      ASSERT_NE(journal, nullptr);
      for (int64_t round = next;; ++round) ASSERT_NO_FATAL_FAILURE(Work(*journal, round, report));
    });
    int64_t number;
    // Somewhere in the call after so many: each of them has its turn.
    for (int64_t left = 1 + static_cast<int64_t>(moments() % 15); left > 0 && child.Read(&number); --left)
      last[number % kSteps] = number / kSteps;
    child.Kill();
    while (child.Read(&number)) last[number % kSteps] = number / kSteps;

    std::vector<std::string> lines;
    auto journal = OpenJournal(state, &lines);
    ASSERT_NE(journal, nullptr);
    EXPECT_THAT(lines, IsEmpty());
    std::map<std::string, JobRecord> jobs;
    const std::vector<JobRecord> records = *journal->LoadJobs();
    for (const JobRecord& record : records) jobs[record.job.name()] = record;

    // What was reported, or the one commit more that was under way; never a part of it.
    const std::string committed_text = jobs["jobs/long"].job.display_name();
    ASSERT_FALSE(committed_text.empty());
    const int64_t committed = std::stoll(committed_text);
    EXPECT_GE(committed, last[kCommitted]);
    EXPECT_LE(committed, last[kCommitted] + 1);
    const auto events = *journal->LoadEvents("jobs/long");
    ASSERT_EQ(events.size(), static_cast<size_t>(committed * kEventsARound));
    for (int64_t i = 0; i < static_cast<int64_t>(events.size()); ++i) {
      EXPECT_EQ(events[static_cast<size_t>(i)],
                EventMessage(i + 1, static_cast<double>(i / kEventsARound + 1)));
    }
    if (last[kWritten] > 0) {
      const std::string checkpoint = ReadAll(journal->OpenFile("jobs/long", JobFile::kCheckpoint));
      EXPECT_TRUE(checkpoint == Content(last[kWritten]) || checkpoint == Content(last[kWritten] + 1))
          << checkpoint.substr(0, 20);
    }
    if (last[kMade] > 0) {
      const std::string name = absl::StrCat("jobs/", ShortLived(last[kMade]));
      EXPECT_EQ(jobs.count(name), 1u) << name;
      EXPECT_EQ(ReadAll(journal->OpenFile(name, JobFile::kRequest)), name);
    }
    for (int64_t round = 1; round < last[kDeleted]; ++round)
      EXPECT_EQ(jobs.count(absl::StrCat("jobs/", ShortLived(round))), 0u) << round;

    // A folder is a job's, and has nothing half-written.
    for (const std::string& id : Listing(state + "/jobs")) {
      EXPECT_EQ(jobs.count(absl::StrCat("jobs/", id)), 1u) << id;
      for (const std::string& name : Listing(state + "/jobs/" + id))
        EXPECT_FALSE(absl::EndsWith(name, ".new")) << name;
    }
    // The round is made again from its beginning, so that a deletion that was under way isn't left out.
    next = committed;
  }
  EXPECT_GT(next, 10);
}

}  // namespace
}  // namespace impasto::jobs
