// A full disk: said as such, nothing that is there is lost, and all goes on once there is room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/child.h"
#include "tests/server/jobs/sqlite/open_journal.h"
#include "tests/server/jobs/sqlite/temp_folder.h"
#include "tests/testing/small_disk.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::Event;
using testing::EventMessage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Listing;
using testing::Names;
using testing::OpenJournal;
using testing::PassesInChild;
using testing::ReadAll;
using testing::Record;
using testing::TempFolder;
using testing::TryOpenJournal;

enum class Full {
  kDisk,   // a small disk; where this machine lets nobody mount one, the same as the limit
  kLimit,  // the process may not make files grow
};

void PrintTo(Full kind, std::ostream* out) { *out << (kind == Full::kDisk ? "a disk" : "a limit"); }

// In a child of the test.
class Disk {
 public:
  Disk(Full kind, std::string folder)
      : is_mounted_(kind == Full::kDisk && impasto::testing::MountSmallDisk(folder, 1 << 20)),
        filler_(folder + "/filler") {
    // Beyond the limit, writing gives EFBIG instead of a signal.
    signal(SIGXFSZ, SIG_IGN);
  }

  void Fill() {
    if (!is_mounted_) return Limit(1);
    ASSERT_TRUE(impasto::testing::FillDisk(filler_));
  }
  void MakeRoom() {
    if (!is_mounted_) return Limit(RLIM_INFINITY);
    EXPECT_EQ(unlink(filler_.c_str()), 0);
  }
  bool is_mounted() const { return is_mounted_; }

 private:
  static void Limit(rlim_t bytes) {
    rlimit limit;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }

  const bool is_mounted_;
  const std::string filler_;
};

class SqliteJournalFullTest : public ::testing::TestWithParam<Full> {
 protected:
  // In a child, since the disk is the whole process's.
  void Run(const std::function<void(Disk& disk, const std::string& state)>& body) {
    const TempFolder folder;
    EXPECT_TRUE(PassesInChild([&] {
      Disk disk(GetParam(), folder.path());
      body(disk, folder / "state");
      if (HasFailure()) disk.MakeRoom();  // for what gtest prints
    }));
  }
};

void ExpectFull(const absl::Status& status, const std::string& path) {
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path));
}

TEST_P(SqliteJournalFullTest, CommitsFailAsAWholeAndGoOnWithRoom) {
  Run([](Disk& disk, const std::string& state) {
    auto journal = OpenJournal(state);
    ASSERT_NE(journal, nullptr);
    ASSERT_TRUE(journal->Commit({{Record("a", 1, "old")}, {Event("a", 1)}}).ok());
    disk.Fill();
    for (int i = 0; i < 3; ++i) {
      Journal::Batch batch;
      batch.jobs = {Record("a", 1, "new"), Record("b", 2)};
      for (int j = 2; j < 1000; ++j) batch.events.push_back(Event("a", j));
      ExpectFull(journal->Commit(batch), state + "/journal.db: ");
    }
    // What is there can be read meanwhile.
    EXPECT_THAT(Names(*journal), ElementsAre("jobs/a"));
    EXPECT_EQ((*journal->LoadJobs())[0].job.display_name(), "old");
    EXPECT_THAT(*journal->LoadEvents("jobs/a"), ElementsAre(EventMessage(1)));
    disk.MakeRoom();
    EXPECT_EQ(journal->Commit({{Record("a", 1, "new")}, {Event("a", 2)}}), absl::OkStatus());
    journal.reset();
    journal = OpenJournal(state);
    EXPECT_EQ((*journal->LoadJobs())[0].job.display_name(), "new");
    EXPECT_THAT(*journal->LoadEvents("jobs/a"), ElementsAre(EventMessage(1), EventMessage(2)));
  });
}

TEST_P(SqliteJournalFullTest, FilesStayAsTheyAre) {
  Run([](Disk& disk, const std::string& state) {
    auto journal = OpenJournal(state);
    ASSERT_NE(journal, nullptr);
    const std::string old(100'000, 'o'), larger(300'000, 'n');
    ASSERT_TRUE(journal->Commit({{Record("a", 1)}, {}}).ok());
    ASSERT_TRUE(journal->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes(old)).ok());
    disk.Fill();
    const std::string path = state + "/jobs/a/checkpoint";
    ExpectFull(journal->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes(larger)), path);
    // Also where the writer pays no attention.
    ExpectFull(journal->WriteFile("jobs/a", JobFile::kCheckpoint,
                                  [&](const ByteSink& sink) {
                                    EXPECT_EQ(sink(larger).code(), absl::StatusCode::kResourceExhausted);
                                    return absl::OkStatus();
                                  }),
               path);
    EXPECT_THAT(Listing(state + "/jobs/a"), ElementsAre("checkpoint"));
    EXPECT_EQ(ReadAll(journal->OpenFile("jobs/a", JobFile::kCheckpoint)), old);
    disk.MakeRoom();
    EXPECT_EQ(journal->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes(larger)), absl::OkStatus());
    EXPECT_EQ(ReadAll(journal->OpenFile("jobs/a", JobFile::kCheckpoint)), larger);
  });
}

TEST_P(SqliteJournalFullTest, AServerStartsOnWhatIsThere) {
  Run([](Disk& disk, const std::string& state) {
    {
      auto journal = OpenJournal(state);
      ASSERT_TRUE(journal->Commit({{Record("a", 1)}, {Event("a", 1)}}).ok());
      ASSERT_TRUE(journal->WriteFile("jobs/a", JobFile::kResult, Bytes("picture")).ok());
    }
    disk.Fill();
    auto journal = OpenJournal(state);
    ASSERT_NE(journal, nullptr);
    EXPECT_THAT(Names(*journal), ElementsAre("jobs/a"));
    EXPECT_THAT(*journal->LoadEvents("jobs/a"), ElementsAre(EventMessage(1)));
    EXPECT_EQ(ReadAll(journal->OpenFile("jobs/a", JobFile::kResult)), "picture");
    disk.MakeRoom();
    EXPECT_EQ(journal->Commit({{Record("b", 2)}, {}}), absl::OkStatus());
  });
}

// As above, but the last server was killed: what it did is in the log alone.
TEST_P(SqliteJournalFullTest, AServerStartsOnALogThatWasLeft) {
  Run([](Disk& disk, const std::string& state) {
    testing::Child server([&](const testing::Child::Report& report) {
      auto journal = OpenJournal(state);
      EXPECT_TRUE(journal->Commit({{Record("a", 1)}, {Event("a", 1)}}).ok());
      report(1);
      pause();
    });
    int64_t number;
    ASSERT_TRUE(server.Read(&number));
    server.Kill();
    disk.Fill();
    auto journal = OpenJournal(state);
    ASSERT_NE(journal, nullptr);
    EXPECT_THAT(*journal->LoadEvents("jobs/a"), ElementsAre(EventMessage(1)));
    disk.MakeRoom();
  });
}

TEST_P(SqliteJournalFullTest, NothingCanBeBegun) {
  Run([](Disk& disk, const std::string& state) {
    disk.Fill();
    const absl::Status status = TryOpenJournal(state).status();
    ExpectFull(status, state);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("Make room, or choose another folder with --state-dir"));
    disk.MakeRoom();
    EXPECT_EQ(TryOpenJournal(state).status(), absl::OkStatus());
  });
}

TEST_P(SqliteJournalFullTest, DeletingMakesRoom) {
  Run([](Disk& disk, const std::string& state) {
    auto journal = OpenJournal(state);
    ASSERT_NE(journal, nullptr);
    ASSERT_TRUE(journal->Commit({{Record("a", 1)}, {}}).ok());
    ASSERT_TRUE(journal->WriteFile("jobs/a", JobFile::kResult, Bytes(std::string(300'000, 'r'))).ok());
    disk.Fill();
    const absl::Status status = journal->DeleteJob("jobs/a");
    EXPECT_EQ(journal->FileBytes("jobs/a"), 0);
    if (disk.is_mounted()) {
      EXPECT_EQ(status, absl::OkStatus());
    } else {
      // No deletion lifts a limit.
      ExpectFull(status, state + "/journal.db: ");
      EXPECT_THAT(Names(*journal), ElementsAre("jobs/a"));
      disk.MakeRoom();
      EXPECT_EQ(journal->DeleteJob("jobs/a"), absl::OkStatus());
    }
    EXPECT_THAT(Names(*journal), IsEmpty());
    EXPECT_THAT(Listing(state + "/jobs"), IsEmpty());
  });
}

INSTANTIATE_TEST_SUITE_P(Full, SqliteJournalFullTest, ::testing::Values(Full::kDisk, Full::kLimit),
                         [](const auto& info) { return info.param == Full::kDisk ? "Disk" : "Limit"; });

}  // namespace
}  // namespace impasto::jobs
