#include "jobs/sqlite/job_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::Listing;
using testing::ReadAll;
using testing::ReadBytes;
using testing::TempFolder;
using testing::WriteBytes;

class JobFilesTest : public ::testing::Test {
 protected:
  JobFilesTest() { Open(); }

  void Open() {
    auto files = JobFiles::Open(folder_ / "jobs", [] { return absl::FromUnixSeconds(1'800'000'000); });
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }

  const TempFolder folder_;
  std::unique_ptr<JobFiles> files_;
};

TEST_F(JobFilesTest, OneFolderAJob) {
  ASSERT_TRUE(files_->Write("a", JobFile::kRequest, Bytes("1")).ok());
  ASSERT_TRUE(files_->Write("a", JobFile::kCheckpoint, Bytes("2")).ok());
  ASSERT_TRUE(files_->Write("b", JobFile::kResult, Bytes("3")).ok());
  EXPECT_THAT(files_->Folders(), ElementsAre("a", "b"));
  EXPECT_THAT(Listing(folder_ / "jobs/a"), ElementsAre("checkpoint", "request"));
  EXPECT_THAT(Listing(folder_ / "jobs/b"), ElementsAre("result"));
  EXPECT_EQ(files_->Bytes("b"), static_cast<int64_t>(ReadBytes(folder_ / "jobs/b/result").size()));
  ASSERT_TRUE(files_->RemoveAll("a").ok());
  EXPECT_THAT(files_->Folders(), ElementsAre("b"));
}

TEST_F(JobFilesTest, ADamagedFileIsSetAsideUnderTheNameInTheMessage) {
  for (const std::string suffix : {"", "-2"}) {
    ASSERT_TRUE(files_->Write("a", JobFile::kCheckpoint, Bytes("good")).ok());
    const std::string path = folder_ / "jobs/a/checkpoint";
    std::string bytes = ReadBytes(path);
    bytes[0] ^= 1;
    WriteBytes(path, bytes);
    const std::string aside = path + ".corrupt-20270115T080000Z" + suffix;
    EXPECT_EQ(files_->Open("a", JobFile::kCheckpoint).status(),
              absl::DataLossError(
                  absl::StrCat(path, " is damaged: its checksum doesn't match; it is set aside as ", aside)));
    EXPECT_EQ(ReadBytes(aside), bytes);
    EXPECT_EQ(files_->Open("a", JobFile::kCheckpoint).status().code(), absl::StatusCode::kNotFound);
  }
  // They count, and go with the job.
  EXPECT_GT(files_->Bytes("a"), 0);
  ASSERT_TRUE(files_->RemoveAll("a").ok());
  EXPECT_EQ(files_->Bytes("a"), 0);
}

TEST_F(JobFilesTest, HalfWrittenFilesGoAtTheStart) {
  ASSERT_TRUE(files_->Write("a", JobFile::kCheckpoint, Bytes("good")).ok());
  WriteBytes(folder_ / "jobs/a/checkpoint.new", "hal");
  WriteBytes(folder_ / "jobs/a/checkpoint.corrupt-20270115T080000Z", "kept");
  WriteBytes(folder_ / "jobs/stray", "kept");
  Open();
  EXPECT_THAT(Listing(folder_ / "jobs/a"), ElementsAre("checkpoint", "checkpoint.corrupt-20270115T080000Z"));
  EXPECT_THAT(Listing(folder_ / "jobs"), ElementsAre("a", "stray"));
  EXPECT_EQ(ReadAll(files_->Open("a", JobFile::kCheckpoint)), "good");
}

}  // namespace
}  // namespace impasto::jobs
