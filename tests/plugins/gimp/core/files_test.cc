#include "core/files.h"

#include <sys/stat.h>

#include <filesystem>

#include "tests/plugins/gimp/core/temporary_folder.h"

namespace impasto::gimp {
namespace {

TEST(FilesTest, WhatIsWrittenIsReadAndItsOwnersAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  ASSERT_TRUE(WriteFile(path, "first, and longer").ok());
  ASSERT_TRUE(WriteFile(path, "second").ok());
  EXPECT_EQ(*ReadFile(path, 6), "second");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  // Nothing is left beside it.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(FilesTest, WhatCantBeReadIsNamed) {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  EXPECT_EQ(ReadFile(path, 100).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFile(path, "1234567").ok());
  const absl::Status too_large = ReadFile(path, 6).status();
  EXPECT_EQ(too_large, absl::InvalidArgumentError(path + ": not a file, or too large"));
  EXPECT_EQ(ReadFile(folder.path(), 1 << 20).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(folder / "pipe", 100).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FilesTest, WhatCantBeWrittenLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_EQ(WriteFile(folder / "no such folder/a", "x").code(), absl::StatusCode::kNotFound);
  std::filesystem::create_directories(folder / "b/c");
  EXPECT_FALSE(WriteFile(folder / "b", "x").ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace impasto::gimp
