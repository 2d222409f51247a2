#include "cli/atomic_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client_sdk/cli/cli_process.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::ListDir;
using ::impasto::testing::MakeTestDir;
using ::impasto::testing::ReadFile;
using ::impasto::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

TEST(WriteFileAtomicallyTest, WritesANewFileAndNothingElse) {
  const std::string dir = MakeTestDir();
  std::string bytes(100000, '\0');
  bytes[7] = 'x';
  ASSERT_TRUE(WriteFileAtomically(dir + "new", bytes).ok());
  EXPECT_TRUE(ReadFile(dir + "new") == bytes);
  EXPECT_THAT(ListDir(dir), ElementsAre("new"));
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(ModeOf(dir + "new"), 0666 & ~mask);
}

TEST(WriteFileAtomicallyTest, ReplacesAFileAndKeepsItsMode) {
  const std::string dir = MakeTestDir();
  WriteFile(dir + "old", "a longer text than the new one");
  ASSERT_EQ(chmod((dir + "old").c_str(), 0640), 0);
  ASSERT_TRUE(WriteFileAtomically(dir + "old", "new").ok());
  EXPECT_EQ(ReadFile(dir + "old"), "new");
  EXPECT_EQ(ModeOf(dir + "old"), 0640);
}

TEST(WriteFileAtomicallyTest, WhoeverHasTheOldFileOpenKeepsIt) {
  const std::string dir = MakeTestDir();
  WriteFile(dir + "old", "old");
  std::filesystem::create_hard_link(dir + "old", dir + "witness");
  ASSERT_TRUE(WriteFileAtomically(dir + "old", "new").ok());
  EXPECT_EQ(ReadFile(dir + "witness"), "old");
}

TEST(WriteFileAtomicallyTest, FollowsALink) {
  const std::string dir = MakeTestDir();
  WriteFile(dir + "target", "old");
  std::filesystem::create_symlink("target", dir + "link");
  ASSERT_TRUE(WriteFileAtomically(dir + "link", "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(dir + "link"));
  EXPECT_EQ(ReadFile(dir + "target"), "new");
}

TEST(WriteFileAtomicallyTest, TakesANameWithoutAFolder) {
  const std::string dir = MakeTestDir();
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(dir);
  const absl::Status status = WriteFileAtomically("bare", "text");
  std::filesystem::current_path(before);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(ReadFile(dir + "bare"), "text");
}

TEST(CheckWritableTest, LeavesNothingBehind) {
  const std::string dir = MakeTestDir();
  EXPECT_TRUE(CheckWritable(dir + "new").ok());
  EXPECT_THAT(ListDir(dir), IsEmpty());
}

TEST(CheckWritableTest, NamesAFolderThatIsNotThere) {
  const std::string path = MakeTestDir() + "missing/out.png";
  const absl::Status status = CheckWritable(path);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), path + ": can't write in its folder: No such file or directory");
  EXPECT_EQ(WriteFileAtomically(path, "text"), status);
}

TEST(CheckWritableTest, RefusesWhatIsNoRegularFile) {
  const std::string dir = MakeTestDir();
  std::filesystem::create_directory(dir + "folder");
  EXPECT_EQ(CheckWritable(dir + "folder"), absl::InvalidArgumentError(dir + "folder: a directory"));
  EXPECT_EQ(CheckWritable("/dev/null"), absl::InvalidArgumentError("/dev/null: not a regular file"));
}

TEST(CheckWritableTest, RefusesAFolderWithoutPermission) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "nothing is forbidden to root";
  }
  const std::string dir = MakeTestDir();
  ASSERT_EQ(chmod(dir.c_str(), 0500), 0);
  EXPECT_EQ(CheckWritable(dir + "out.png").code(), absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace impasto::cli
