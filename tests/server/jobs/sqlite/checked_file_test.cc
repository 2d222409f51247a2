#include "jobs/sqlite/checked_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>

#include "tests/server/jobs/journal_helpers.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Listing;
using testing::ReadAll;
using testing::ReadBytes;
using testing::TempFolder;
using testing::WriteBytes;

constexpr size_t kTrailer = 56;

class CheckedFileTest : public ::testing::Test {
 protected:
  absl::Status OpenBytes(const std::string& bytes) {
    WriteBytes(path_, bytes);
    return OpenCheckedFile(path_).status();
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "file";
};

TEST_F(CheckedFileTest, WhatIsWrittenIsRead) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{1} << 18, (size_t{1} << 18) + 1, size_t{1'000'000}}) {
    const std::string bytes(size, 'x');
    ASSERT_TRUE(WriteCheckedFile(path_, Bytes(bytes)).ok());
    EXPECT_EQ(ReadAll(OpenCheckedFile(path_)), bytes);
    EXPECT_EQ(ReadBytes(path_).size(), size + kTrailer);
  }
  EXPECT_THAT(Listing(folder_.path()), ElementsAre("file"));
}

TEST_F(CheckedFileTest, IsForItsOwnerAlone) {
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes("x")).ok());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(CheckedFileTest, AnyChangedByteIsFound) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i);
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes(bytes)).ok());
  const std::string good = ReadBytes(path_);
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int bits : {1, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ bits);
      const absl::Status status = OpenBytes(bad);
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << "byte " << at;
      EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + " is damaged: ")) << "byte " << at;
    }
  }
}

// A file of the size that checkpoints have, one byte in each of its regions.
TEST_F(CheckedFileTest, AChangedByteOfALargeFileIsFound) {
  std::mt19937 generator(3);
  std::string bytes(5'000'000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes(bytes)).ok());
  const std::string good = ReadBytes(path_);
  for (size_t region = 0; region < 16; ++region) {
    std::string bad = good;
    bad[region * good.size() / 16 + generator() % (good.size() / 16)] ^= 4;
    EXPECT_EQ(OpenBytes(bad).code(), absl::StatusCode::kDataLoss) << region;
  }
}

TEST_F(CheckedFileTest, AnyOtherLengthIsFound) {
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes(std::string(100, 'x'))).ok());
  const std::string good = ReadBytes(path_);
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(OpenBytes(good.substr(0, size)).code(), absl::StatusCode::kDataLoss) << size;
  EXPECT_EQ(OpenBytes(good + "x").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(good + good).code(), absl::StatusCode::kDataLoss);  // a good trailer, of another length
  EXPECT_EQ(OpenBytes(good.substr(1)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(good).code(), absl::StatusCode::kOk);
}

TEST_F(CheckedFileTest, WhatIsNoFileIsDamaged) {
  EXPECT_EQ(OpenCheckedFile(path_).status().code(), absl::StatusCode::kNotFound);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(OpenCheckedFile(path_).status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::create_symlink(path_, folder_ / "link");
  EXPECT_EQ(OpenCheckedFile(folder_ / "link").status().code(), absl::StatusCode::kDataLoss);
  // Nobody writes to it: opening must not wait.
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(OpenCheckedFile(folder_ / "fifo").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(CheckedFileTest, AWriterThatLosesAnErrorStillFails) {
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes("old")).ok());
  EXPECT_EQ(WriteCheckedFile(folder_ / "none/file", Bytes("x")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WriteCheckedFile(path_, [](const ByteSink&) { return absl::InternalError("no"); }),
            absl::InternalError("no"));
  EXPECT_EQ(ReadAll(OpenCheckedFile(path_)), "old");
  EXPECT_THAT(Listing(folder_.path()), ElementsAre("file"));
}

TEST_F(CheckedFileTest, AStreamThatLosesItsFileGoesBad) {
  ASSERT_TRUE(WriteCheckedFile(path_, Bytes(std::string(1'000'000, 'x'))).ok());
  auto file = OpenCheckedFile(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  std::filesystem::resize_file(path_, 500'000);
  std::string rest(1'000'000, '\0');
  (*file)->read(rest.data(), static_cast<std::streamsize>(rest.size()));
  EXPECT_TRUE((*file)->bad());
}

}  // namespace
}  // namespace impasto::jobs
