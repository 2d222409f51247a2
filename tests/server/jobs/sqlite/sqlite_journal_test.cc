#include "jobs/sqlite/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "jobs/sqlite/database.h"
#include "tests/server/jobs/journal_conformance.h"
#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/child.h"
#include "tests/server/jobs/sqlite/open_journal.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::Event;
using testing::EventMessage;
using ::testing::IsEmpty;
using testing::Listing;
using testing::Names;
using testing::OpenJournal;
using testing::PassesInChild;
using testing::ReadAll;
using testing::Record;
using testing::TempFolder;
using testing::TryOpenJournal;
using testing::WriteBytes;

// Keeps its folder as long as it lives.
class JournalInFolder final : public Journal {
 public:
  absl::Status Commit(const Batch& batch) override { return journal_->Commit(batch); }
  absl::StatusOr<std::vector<JobRecord>> LoadJobs() override { return journal_->LoadJobs(); }
  absl::StatusOr<std::vector<std::string>> LoadEvents(const std::string& job) override {
    return journal_->LoadEvents(job);
  }
  absl::Status WriteFile(const std::string& job, JobFile file, const ByteWriter& writer) override {
    return journal_->WriteFile(job, file, writer);
  }
  absl::StatusOr<std::unique_ptr<std::istream>> OpenFile(const std::string& job, JobFile file) override {
    return journal_->OpenFile(job, file);
  }
  absl::Status RemoveFile(const std::string& job, JobFile file) override {
    return journal_->RemoveFile(job, file);
  }
  absl::Status DeleteJob(const std::string& job) override { return journal_->DeleteJob(job); }
  int64_t FileBytes(const std::string& job) override { return journal_->FileBytes(job); }

 private:
  const TempFolder folder_;
  const std::unique_ptr<Journal> journal_ = OpenJournal(folder_ / "state");
};

INSTANTIATE_TEST_SUITE_P(Sqlite, JournalConformance,
                         ::testing::Values(JournalCase{"sqlite",
                                                       [] { return std::make_unique<JournalInFolder>(); }}),
                         [](const auto& info) { return info.param.name; });

class SqliteJournalTest : public ::testing::Test {
 protected:
  // Closes the old one first.
  void Reopen() {
    journal_.reset();
    lines_.clear();
    journal_ = OpenJournal(state_, &lines_);
  }

  const TempFolder folder_;
  const std::string state_ = folder_ / "state";
  std::vector<std::string> lines_;
  std::unique_ptr<Journal> journal_ = OpenJournal(state_, &lines_);
};

TEST_F(SqliteJournalTest, AllIsThereAfterARestart) {
  ASSERT_TRUE(
      journal_->Commit({{Record("a", 1, "one"), Record("b", 2)}, {Event("a", 1), Event("a", 2)}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("picture")).ok());
  Reopen();
  EXPECT_THAT(Names(*journal_), ElementsAre("jobs/a", "jobs/b"));
  EXPECT_EQ((*journal_->LoadJobs())[0].job.display_name(), "one");
  EXPECT_EQ((*journal_->LoadJobs())[0].request_digest, "digest of a");
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"), ElementsAre(EventMessage(1), EventMessage(2)));
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kResult)), "picture");
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_THAT(Listing(state_), ElementsAre("format", "jobs", "journal.db", "journal.db-wal", "lock"));
}

TEST_F(SqliteJournalTest, HoldsTheStateDirectory) {
  EXPECT_EQ(StateDir::Open(state_).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(PassesInChild(
      [&] { EXPECT_EQ(TryOpenJournal(state_).status().code(), absl::StatusCode::kAlreadyExists); }));
  journal_.reset();
  EXPECT_EQ(StateDir::Open(state_).status(), absl::OkStatus());
}

TEST_F(SqliteJournalTest, FilesThatNoCommitClaimedGoAtTheNextStart) {
  ASSERT_TRUE(journal_->WriteFile("jobs/claimed", JobFile::kRequest, Bytes("x")).ok());
  ASSERT_TRUE(journal_->Commit({{Record("claimed", 1)}, {}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/stray", JobFile::kRequest, Bytes("x")).ok());
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/stray", JobFile::kRequest)), "x");
  Reopen();
  EXPECT_THAT(Listing(state_ + "/jobs"), ElementsAre("claimed"));
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/claimed", JobFile::kRequest)), "x");
  EXPECT_THAT(lines_, IsEmpty());
  // The mark has gone as well: a job of that name keeps its files.
  ASSERT_TRUE(journal_->Commit({{Record("stray", 1)}, {}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/stray", JobFile::kRequest, Bytes("y")).ok());
  Reopen();
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/stray", JobFile::kRequest)), "y");
}

// As after a crash between the two halves of DeleteJob.
TEST_F(SqliteJournalTest, ADeletionThatWasCutOffIsFinishedAtTheNextStart) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("x")).ok());
  std::filesystem::copy(state_ + "/jobs/a", folder_ / "copy");
  ASSERT_TRUE(journal_->DeleteJob("jobs/a").ok());
  journal_.reset();
  std::filesystem::copy(folder_ / "copy", state_ + "/jobs/a");
  ASSERT_EQ((*Database::Open(state_ + "/journal.db"))->Execute("INSERT INTO unclaimed VALUES ('a')"),
            absl::OkStatus());
  Reopen();
  EXPECT_THAT(Listing(state_ + "/jobs"), IsEmpty());
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(SqliteJournalTest, AMarkThatIsNoIdRemovesNothing) {
  journal_.reset();
  WriteBytes(state_ + "/jobs/precious", "x");
  ASSERT_EQ((*Database::Open(state_ + "/journal.db"))
                ->Execute("INSERT INTO unclaimed VALUES ('..'), ('.'), (''), ('../jobs')"),
            absl::OkStatus());
  Reopen();
  EXPECT_THAT(Listing(state_ + "/jobs"), ElementsAre("precious"));
}

TEST_F(SqliteJournalTest, ADeletedJobLeavesNothing) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {Event("a", 1)}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("x")).ok());
  ASSERT_TRUE(journal_->DeleteJob("jobs/a").ok());
  EXPECT_THAT(Listing(state_ + "/jobs"), IsEmpty());
  journal_.reset();
  auto database = *Database::Open(state_ + "/journal.db");
  for (const std::string table : {"jobs", "events", "unclaimed"})
    EXPECT_EQ(*database->ReadInteger("SELECT count(*) FROM " + table), 0) << table;
}

TEST_F(SqliteJournalTest, HalfWrittenFilesGoAtTheStart) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes("x")).ok());
  WriteBytes(state_ + "/jobs/a/checkpoint.new", "half");
  Reopen();
  EXPECT_THAT(Listing(state_ + "/jobs/a"), ElementsAre("checkpoint"));
}

TEST_F(SqliteJournalTest, ManyJobsAndALongOne) {
  constexpr int kJobs = 1000, kEvents = 100'000, kBatch = 2000;
  for (int i = 0; i < kJobs; i += 100) {
    Journal::Batch batch;
    for (int j = i; j < i + 100; ++j) {
      batch.jobs.push_back(Record(absl::StrCat("job", j), j));
      batch.jobs.back().job.mutable_recipe()->set_model(std::string(2000, 'm'));
    }
    ASSERT_TRUE(journal_->Commit(batch).ok());
  }
  for (int i = 0; i < kEvents; i += kBatch) {
    Journal::Batch batch;
    for (int j = i; j < i + kBatch; ++j) batch.events.push_back(Event("job5", j, 1.5 * j));
    ASSERT_TRUE(journal_->Commit(batch).ok());
  }
  Reopen();
  EXPECT_EQ(journal_->LoadJobs()->size(), size_t{kJobs});
  const auto events = *journal_->LoadEvents("jobs/job5");
  ASSERT_EQ(events.size(), size_t{kEvents});
  for (int i = 0; i < kEvents; i += 999) EXPECT_EQ(events[static_cast<size_t>(i)], EventMessage(i, 1.5 * i));
  ASSERT_TRUE(journal_->DeleteJob("jobs/job5").ok());
  EXPECT_THAT(*journal_->LoadEvents("jobs/job5"), IsEmpty());
}

}  // namespace
}  // namespace impasto::jobs
