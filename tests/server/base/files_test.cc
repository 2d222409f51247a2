#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace impasto {
namespace {

using ::testing::HasSubstr;

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() : folder_(absl::StrCat(::testing::TempDir(), "files_test_XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~FilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  size_t Count() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::string folder_;
};

TEST_F(FilesTest, PartsOfPaths) {
  EXPECT_EQ(BaseName("/a/b"), "b");
  EXPECT_EQ(BaseName("b"), "b");
  EXPECT_EQ(DirectoryOf("/a/b"), "/a");
  EXPECT_EQ(DirectoryOf("/a"), "/");
  EXPECT_EQ(DirectoryOf("a"), ".");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
}

TEST_F(FilesTest, ErrorsHaveTheirCodes) {
  EXPECT_EQ(FileError(ENOSPC, "/p", "written"),
            absl::ResourceExhaustedError("/p can't be written: No space left on device"));
  EXPECT_EQ(FileError(EDQUOT, "/p", "made").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(FileError(EFBIG, "/p", "made").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(FileError(EIO, "/p", "made").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FileError(EACCES, "/p", "made").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(FileError(EROFS, "/p", "made").code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(FilesTest, WritesOverAFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "old").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "new", 0600).ok());
  EXPECT_EQ(Read(Path("a")), "new");
  EXPECT_EQ(Count(), 1u);
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FilesTest, WhatIsNotCommittedLeavesNothing) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "old").ok());
  {
    auto file = AtomicFile::Create(Path("a"), Path("a.new"), 0600);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append("ne").ok());
    EXPECT_EQ(Read(Path("a")), "old");
  }
  EXPECT_EQ(Read(Path("a")), "old");
  EXPECT_EQ(Count(), 1u);
}

TEST_F(FilesTest, ALeftOverIsOverwritten) {
  std::ofstream(Path("a.new")) << "a left-over, longer than the file";
  auto file = AtomicFile::Create(Path("a"), Path("a.new"), 0600);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append("new").ok());
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_EQ(Read(Path("a")), "new");
  EXPECT_EQ(Count(), 1u);
}

TEST_F(FilesTest, NoFolder) {
  EXPECT_EQ(WriteFileAtomically(Path("none/a"), "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SyncDirectory(Path("none")).code(), absl::StatusCode::kNotFound);
  std::ofstream(Path("file")) << "x";
  EXPECT_THAT(std::string(MakeDirectory(Path("file/b")).message()), HasSubstr("Not a directory"));
}

TEST_F(FilesTest, ReadsAFileUpToALimit) {
  std::ofstream(Path("a")) << "12345";
  EXPECT_EQ(*ReadFile(Path("a"), 5), "12345");
  EXPECT_EQ(ReadFile(Path("a"), 4).status(),
            absl::ResourceExhaustedError(Path("a") + " has 5 bytes; at most 4"));
  EXPECT_EQ(ReadFile(Path("b"), 5).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(Path("."), 5).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FilesTest, AFullDisk) {
  const UniqueFd full(open("/dev/full", O_WRONLY));
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(WriteAll(full.get(), "x", "/p"),
            absl::ResourceExhaustedError("/p can't be written: No space left on device"));
}

}  // namespace
}  // namespace impasto
