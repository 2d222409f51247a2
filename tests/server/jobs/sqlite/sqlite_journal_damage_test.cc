// A damaged database never keeps a server from starting, and never ends one that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "jobs/sqlite/database.h"
#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/open_journal.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using ::testing::ElementsAre;
using testing::Event;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kOpenTimeText;
using testing::Names;
using testing::OpenJournal;
using testing::ReadAll;
using testing::ReadBytes;
using testing::Record;
using testing::TempFolder;
using testing::TryOpenJournal;
using testing::WriteBytes;

class SqliteJournalDamageTest : public ::testing::Test {
 protected:
  // One job with a file, and many events; then the journal is closed.
  SqliteJournalDamageTest() {
    auto journal = OpenJournal(state_);
    Journal::Batch batch;
    batch.jobs = {Record("a", 1)};
    for (int i = 0; i < 2000; ++i) batch.events.push_back(Event("a", i, i));
    EXPECT_TRUE(journal->Commit(batch).ok());
    EXPECT_TRUE(journal->WriteFile("jobs/a", JobFile::kResult, Bytes("picture")).ok());
  }

  // It is set aside as it was, and named; the jobs' files are named; the new one works.
  void ExpectFresh() {
    const bool is_file = std::filesystem::is_regular_file(path_);
    const std::string damaged = is_file ? ReadBytes(path_) : "";
    std::vector<std::string> lines;
    auto journal = OpenJournal(state_, &lines);
    ASSERT_NE(journal, nullptr);
    const std::string aside = absl::StrCat(state_, "/journal.corrupt-", kOpenTimeText);
    EXPECT_THAT(
        lines,
        ElementsAre(AllOf(HasSubstr("the journal is damaged: " + path_ + ": "),
                          HasSubstr("It is set aside as " + aside + ", and a new one is begun")),
                    HasSubstr("has files of 1 jobs that the journal doesn't know; they are left there: a")));
    EXPECT_THAT(Names(*journal), IsEmpty());
    EXPECT_TRUE(journal->Commit({{Record("b", 1)}, {Event("b", 1)}}).ok());
    EXPECT_THAT(Names(*journal), ElementsAre("jobs/b"));
    if (is_file) {
      EXPECT_EQ(ReadBytes(aside), damaged);
    }
    EXPECT_TRUE(std::filesystem::exists(state_ + "/jobs/a/result"));
    journal.reset();
    EXPECT_THAT(Names(*OpenJournal(state_)), ElementsAre("jobs/b"));
  }

  const TempFolder folder_;
  const std::string state_ = folder_ / "state";
  const std::string path_ = state_ + "/journal.db";
};

TEST_F(SqliteJournalDamageTest, Garbage) {
  WriteBytes(path_, std::string(5000, 'g'));
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, CutOff) {
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, CutOffInItsHeader) {
  std::filesystem::resize_file(path_, 50);
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, AFolder) {
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, AnotherProgramsDatabase) {
  std::filesystem::remove(path_);
  ASSERT_TRUE((*Database::Open(path_))->Execute("CREATE TABLE theirs (x)").ok());
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, ATableIsMissing) {
  ASSERT_TRUE((*Database::Open(path_))->Execute("DROP TABLE events").ok());
  ExpectFresh();
}

TEST_F(SqliteJournalDamageTest, ItsLogGoesAlong) {
  WriteBytes(path_, std::string(5000, 'g'));
  WriteBytes(path_ + "-wal", "w");
  WriteBytes(path_ + "-shm", "s");
  ExpectFresh();
  const std::string aside = absl::StrCat(state_, "/journal.corrupt-", kOpenTimeText);
  EXPECT_EQ(ReadBytes(aside + "-wal"), "w");
  EXPECT_EQ(ReadBytes(aside + "-shm"), "s");
}

TEST_F(SqliteJournalDamageTest, EmptyIsAsGoodAsNone) {
  std::filesystem::resize_file(path_, 0);
  std::vector<std::string> lines;
  auto journal = OpenJournal(state_, &lines);
  ASSERT_NE(journal, nullptr);
  EXPECT_THAT(Names(*journal), IsEmpty());
  EXPECT_THAT(lines, ElementsAre(HasSubstr("they are left there: a")));
  EXPECT_EQ(ReadAll(journal->OpenFile("jobs/a", JobFile::kResult)), "picture");
}

TEST_F(SqliteJournalDamageTest, AnySingleRegion) {
  const std::string good = ReadBytes(path_);
  std::mt19937 generator(5);
  int fresh = 0;
  constexpr size_t kRegions = 40;
  for (size_t region = 0; region < kRegions; ++region) {
    std::string bad = good;
    const size_t at = region < 10 ? region * 16 : generator() % (good.size() - 16);
    for (size_t i = 0; i < 16; ++i) bad[at + i] = static_cast<char>(generator());
    std::filesystem::remove_all(state_);
    std::filesystem::create_directory(state_);
    WriteBytes(path_, bad);
    std::vector<std::string> lines;
    auto journal = OpenJournal(state_, &lines);
    ASSERT_NE(journal, nullptr) << at;
    fresh += lines.empty() ? 0 : 1;
    EXPECT_TRUE(journal->LoadJobs().ok()) << at;
    EXPECT_TRUE(journal->LoadEvents("jobs/a").ok()) << at;
    EXPECT_TRUE(journal->Commit({{Record("b", 1)}, {Event("b", 1)}}).ok()) << at;
  }
  EXPECT_GT(fresh, 5);
}

TEST_F(SqliteJournalDamageTest, ADamagedLogLosesNoMoreThanItHas) {
  WriteBytes(path_ + "-wal", std::string(10'000, 'w'));
  std::vector<std::string> lines;
  auto journal = OpenJournal(state_, &lines);
  ASSERT_NE(journal, nullptr);
  EXPECT_THAT(Names(*journal), ElementsAre("jobs/a"));
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(SqliteJournalDamageTest, ANewerOneIsRefusedAndLeftAlone) {
  ASSERT_TRUE((*Database::Open(path_))->Execute("PRAGMA user_version=2").ok());
  const absl::Status status = TryOpenJournal(state_).status();
  EXPECT_EQ(status, absl::FailedPreconditionError(absl::StrCat(
                        path_,
                        " was written by a newer version of Impasto: its format is 2, this version"
                        " knows up to 1. Start the newer version, or choose another folder with"
                        " --state-dir")));
  ASSERT_TRUE((*Database::Open(path_))->Execute("PRAGMA user_version=1").ok());
  EXPECT_THAT(Names(*OpenJournal(state_)), ElementsAre("jobs/a"));
}

TEST_F(SqliteJournalDamageTest, RowsThatCannotBeReadAreLeftOutAndNamed) {
  ASSERT_TRUE((*Database::Open(path_))
                  ->Execute("INSERT INTO jobs VALUES (11, 'bad', 0, x'', x'ff');"
                            "INSERT INTO jobs SELECT 12, 'copy', 0, x'', job FROM jobs WHERE id = 'a';"
                            "INSERT INTO jobs VALUES (13, '..', 0, x'', x'0a076a6f62732f2e2e');"
                            "UPDATE events SET message = x'ffff' WHERE sequence = 7")
                  .ok());
  std::vector<std::string> lines;
  auto journal = OpenJournal(state_, &lines);
  ASSERT_NE(journal, nullptr);
  EXPECT_THAT(Names(*journal), ElementsAre("jobs/a"));
  EXPECT_EQ(journal->LoadEvents("jobs/a")->size(), 1999u);
  EXPECT_THAT(lines, ElementsAre("jobs/..: its row in the journal can't be read; it is left out",
                                 "jobs/bad: its row in the journal can't be read; it is left out",
                                 "jobs/copy: its row in the journal can't be read; it is left out",
                                 "jobs/a: event 7 in the journal can't be read; it is left out"));
}

TEST_F(SqliteJournalDamageTest, ADamagedFileIsSetAside) {
  const std::string result = state_ + "/jobs/a/result";
  std::filesystem::resize_file(result, 20);
  auto journal = OpenJournal(state_);
  ASSERT_NE(journal, nullptr);
  EXPECT_EQ(journal->OpenFile("jobs/a", JobFile::kResult).status(),
            absl::DataLossError(absl::StrCat(result, " is damaged: it is cut off; it is set aside as ",
                                             result, ".corrupt-", kOpenTimeText)));
  EXPECT_EQ(journal->OpenFile("jobs/a", JobFile::kResult).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SqliteJournalDamageTest, DamageUnderARunningServerIsDataLoss) {
  {
    // Far more than SQLite keeps of it in memory.
    auto journal = OpenJournal(state_);
    for (int i = 0; i < 20; ++i) {
      Journal::Batch batch;
      batch.jobs = {Record(absl::StrCat("job", i), i)};
      for (int j = 0; j < 500; ++j) {
        batch.events.push_back(Event(absl::StrCat("job", i), j));
        v1::JobEvent large;
        large.mutable_accepted()->set_job(std::string(1000, 'x'));
        batch.events.back().message = large.SerializeAsString();
      }
      ASSERT_TRUE(journal->Commit(batch).ok());
    }
  }
  auto journal = OpenJournal(state_);
  ASSERT_NE(journal, nullptr);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    const std::string zeros(std::filesystem::file_size(path_) - 8192, '\0');
    file.seekp(8192);
    file << zeros;
    ASSERT_TRUE(file.flush().good());
  }
  int lost = 0;
  for (int i = 0; i < 20; ++i) {
    const absl::Status status = journal->LoadEvents(absl::StrCat("jobs/job", i)).status();
    if (status.ok()) continue;
    ++lost;
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  }
  EXPECT_GT(lost, 0);
  (void)journal->Commit({{Record("b", 1)}, {Event("b", 1)}});
  journal.reset();
  std::vector<std::string> lines;
  ASSERT_NE(OpenJournal(state_, &lines), nullptr);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines[0], HasSubstr("the journal is damaged: "));
}

}  // namespace
}  // namespace impasto::jobs
