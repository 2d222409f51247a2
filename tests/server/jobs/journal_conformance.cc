#include "tests/server/jobs/journal_conformance.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "tests/server/jobs/journal_helpers.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::Event;
using testing::EventMessage;
using ::testing::IsEmpty;
using testing::Names;
using testing::ReadAll;
using testing::Record;

constexpr JobFile kFiles[] = {JobFile::kRequest, JobFile::kCheckpoint, JobFile::kResult};

TEST_P(JournalConformance, BeginsEmpty) {
  EXPECT_THAT(Names(*journal_), IsEmpty());
  EXPECT_THAT(*journal_->LoadEvents("jobs/none"), IsEmpty());
  EXPECT_EQ(journal_->FileBytes("jobs/none"), 0);
  for (const JobFile file : kFiles) {
    EXPECT_EQ(journal_->OpenFile("jobs/none", file).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(journal_->RemoveFile("jobs/none", file), absl::OkStatus());
  }
  EXPECT_EQ(journal_->DeleteJob("jobs/none"), absl::OkStatus());
  EXPECT_EQ(journal_->Commit({}), absl::OkStatus());
}

TEST_P(JournalConformance, JobsComeByCreationTimeThenByName) {
  JobRecord half_a_second_later = Record("a", 20);
  half_a_second_later.job.mutable_create_time()->set_nanos(500'000'000);
  ASSERT_TRUE(journal_->Commit({{half_a_second_later, Record("c", 20), Record("b", 20)}, {}}).ok());
  ASSERT_TRUE(journal_->Commit({{Record("z", -5)}, {}}).ok());
  EXPECT_THAT(Names(*journal_), ElementsAre("jobs/z", "jobs/b", "jobs/c", "jobs/a"));
}

TEST_P(JournalConformance, AJobComesBackAsItWas) {
  JobRecord record = Record("a", 1, "sunset");
  record.request_digest = std::string("\0\xff\n", 3);
  record.job.mutable_recipe()->set_style_weight(0.1);
  ASSERT_TRUE(journal_->Commit({{record}, {}}).ok());
  const auto records = *journal_->LoadJobs();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].job.SerializeAsString(), record.job.SerializeAsString());
  EXPECT_EQ(records[0].request_digest, record.request_digest);
}

TEST_P(JournalConformance, AJobThatIsThereIsReplacedAndKeepsItsEvents) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1, "old")}, {Event("a", 1)}}).ok());
  JobRecord replaced = Record("a", 2, "new");
  replaced.request_digest = "";
  ASSERT_TRUE(journal_->Commit({{replaced}, {}}).ok());
  const auto records = *journal_->LoadJobs();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].job.display_name(), "new");
  EXPECT_EQ(records[0].request_digest, "");
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"), ElementsAre(EventMessage(1)));
}

TEST_P(JournalConformance, EventsComeBySequenceAndStayAsTheyAre) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1), Record("b", 2)}, {Event("a", 300), Event("b", 1)}}).ok());
  ASSERT_TRUE(journal_->Commit({{}, {Event("a", 2), Event("a", 1, 0.5), Event("a", 300, 0.25)}}).ok());
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"),
              ElementsAre(EventMessage(1, 0.5), EventMessage(2), EventMessage(300)));
  EXPECT_THAT(*journal_->LoadEvents("jobs/b"), ElementsAre(EventMessage(1)));
}

TEST_P(JournalConformance, EventsOfAJobThatIsNotThereAreLeftOut) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {Event("gone", 1), Event("a", 1)}}).ok());
  EXPECT_THAT(*journal_->LoadEvents("jobs/gone"), IsEmpty());
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"), ElementsAre(EventMessage(1)));
  ASSERT_TRUE(journal_->Commit({{Record("gone", 1)}, {}}).ok());
  EXPECT_THAT(*journal_->LoadEvents("jobs/gone"), IsEmpty());
}

TEST_P(JournalConformance, ABadNameIsRefusedAndNothingOfItsBatchIsDone) {
  for (const std::string name : {"", "a", "jobs/", "jobs/..", "jobs/a/b", "jobs/A", "jobs/.", "models/a"}) {
    const auto refused = [](const absl::Status& status) {
      return status.code() == absl::StatusCode::kInvalidArgument;
    };
    JobRecord record = Record("x", 1);
    record.job.set_name(name);
    EXPECT_TRUE(refused(journal_->Commit({{Record("fine", 1), record}, {}}))) << name;
    EXPECT_TRUE(refused(journal_->Commit({{Record("fine", 1)}, {{name, 1, EventMessage(1)}}}))) << name;
    EXPECT_TRUE(refused(journal_->LoadEvents(name).status())) << name;
    EXPECT_TRUE(refused(journal_->WriteFile(name, JobFile::kResult, Bytes("x")))) << name;
    EXPECT_TRUE(refused(journal_->OpenFile(name, JobFile::kResult).status())) << name;
    EXPECT_TRUE(refused(journal_->RemoveFile(name, JobFile::kResult))) << name;
    EXPECT_TRUE(refused(journal_->DeleteJob(name))) << name;
    EXPECT_EQ(journal_->FileBytes(name), 0) << name;
  }
  EXPECT_THAT(Names(*journal_), IsEmpty());
}

TEST_P(JournalConformance, FilesAreReplacedAsAWhole) {
  // Longer than any buffer, and not a multiple of one.
  std::string large(3'000'001, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 % 251);
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {}}).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes(large)).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("")).ok());
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kCheckpoint)), large);
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kResult)), "");
  EXPECT_EQ(journal_->OpenFile("jobs/a", JobFile::kRequest).status().code(), absl::StatusCode::kNotFound);
  EXPECT_GE(journal_->FileBytes("jobs/a"), 3'000'001);

  auto old = journal_->OpenFile("jobs/a", JobFile::kCheckpoint);
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes("new")).ok());
  EXPECT_EQ(ReadAll(std::move(old)), large);
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kCheckpoint)), "new");
  EXPECT_LT(journal_->FileBytes("jobs/a"), 1000);
}

TEST_P(JournalConformance, AStreamSeeksWithinTheFile) {
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kCheckpoint, Bytes("0123456789")).ok());
  auto file = journal_->OpenFile("jobs/a", JobFile::kCheckpoint);
  ASSERT_TRUE(file.ok()) << file.status();
  std::istream& in = **file;
  in.seekg(0, std::ios::end);
  EXPECT_EQ(in.tellg(), 10);
  in.seekg(7);
  EXPECT_EQ(in.get(), '7');
  EXPECT_EQ(in.tellg(), 8);
  in.seekg(-3, std::ios::cur);
  EXPECT_EQ(in.get(), '5');
  in.seekg(11);
  EXPECT_TRUE(in.fail());
}

TEST_P(JournalConformance, AWriterThatFailsLeavesTheOldFile) {
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("old")).ok());
  const int64_t before = journal_->FileBytes("jobs/a");
  EXPECT_EQ(journal_->WriteFile("jobs/a", JobFile::kResult,
                                [](const ByteSink& sink) {
                                  EXPECT_EQ(sink("half"), absl::OkStatus());
                                  return absl::AbortedError("changed its mind");
                                }),
            absl::AbortedError("changed its mind"));
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kResult)), "old");
  EXPECT_EQ(journal_->FileBytes("jobs/a"), before);
}

TEST_P(JournalConformance, AFileIsRemoved) {
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kRequest, Bytes("request")).ok());
  ASSERT_TRUE(journal_->WriteFile("jobs/a", JobFile::kResult, Bytes("result")).ok());
  ASSERT_TRUE(journal_->RemoveFile("jobs/a", JobFile::kRequest).ok());
  EXPECT_EQ(journal_->OpenFile("jobs/a", JobFile::kRequest).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/a", JobFile::kResult)), "result");
}

TEST_P(JournalConformance, AJobIsDeletedWithAllItHas) {
  ASSERT_TRUE(journal_->Commit({{Record("a", 1), Record("b", 2)}, {Event("a", 1), Event("b", 1)}}).ok());
  for (const std::string job : {"jobs/a", "jobs/b"}) {
    for (const JobFile file : kFiles) ASSERT_TRUE(journal_->WriteFile(job, file, Bytes(job)).ok());
  }
  ASSERT_TRUE(journal_->DeleteJob("jobs/a").ok());
  EXPECT_THAT(Names(*journal_), ElementsAre("jobs/b"));
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"), IsEmpty());
  EXPECT_EQ(journal_->FileBytes("jobs/a"), 0);
  for (const JobFile file : kFiles) {
    EXPECT_EQ(journal_->OpenFile("jobs/a", file).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReadAll(journal_->OpenFile("jobs/b", file)), "jobs/b");
  }
  // Made again, it has nothing of the old one.
  ASSERT_TRUE(journal_->Commit({{Record("a", 1)}, {}}).ok());
  EXPECT_THAT(*journal_->LoadEvents("jobs/a"), IsEmpty());
}

TEST_P(JournalConformance, FromManyThreads) {
  constexpr int kThreads = 4, kRounds = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string own = absl::StrCat("own", t);
      for (int i = 1; i <= kRounds; ++i) {
        EXPECT_TRUE(journal_->Commit({{Record(own, t)}, {Event(own, i)}}).ok());
        // One job that all write: each reader gets a whole file of one of them.
        const std::string bytes(static_cast<size_t>(1000 + t), static_cast<char>('a' + t));
        EXPECT_TRUE(journal_->WriteFile("jobs/shared", JobFile::kCheckpoint, Bytes(bytes)).ok());
        const std::string read = ReadAll(journal_->OpenFile("jobs/shared", JobFile::kCheckpoint));
        ASSERT_FALSE(read.empty());
        EXPECT_EQ(read, std::string(static_cast<size_t>(1000 + read[0] - 'a'), read[0]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Names(*journal_).size(), size_t{kThreads});
  for (int t = 0; t < kThreads; ++t)
    EXPECT_EQ(journal_->LoadEvents(absl::StrCat("jobs/own", t))->size(), size_t{kRounds});
}

}  // namespace
}  // namespace impasto::jobs
