#include "impasto/picture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace impasto {
namespace {

std::string PathOf(const std::string& name) {
  return ::testing::TempDir() + "picture_test." + std::to_string(getpid()) + "." + name;
}

std::string FileOf(const std::string& name, const std::string& bytes) {
  const std::string path = PathOf(name);
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(PictureFromFileTest, ReadsEveryByte) {
  std::string bytes(1 << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 7);
  }
  const auto picture = PictureFromFile(FileOf("bytes", bytes));
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(picture->encoded() == bytes);
}

TEST(PictureFromFileTest, ReadsAPipe) {
  const std::string path = PathOf("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string bytes(100000, 'x');
  std::thread writer([&] { std::ofstream(path, std::ios::binary) << bytes; });
  const auto picture = PictureFromFile(path);
  writer.join();
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(picture->encoded() == bytes);
}

TEST(PictureFromFileTest, NamesAMissingFile) {
  const std::string path = PathOf("missing");
  const auto picture = PictureFromFile(path);
  EXPECT_EQ(picture.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(picture.status().message(), path + ": No such file or directory");
}

TEST(PictureFromFileTest, RefusesADirectory) {
  const auto picture = PictureFromFile(::testing::TempDir());
  EXPECT_EQ(picture.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(picture.status().message(), ::testing::TempDir() + ": a directory, not a picture");
}

TEST(PictureFromFileTest, RefusesAnEmptyFile) {
  const std::string path = FileOf("empty", "");
  const auto picture = PictureFromFile(path);
  EXPECT_EQ(picture.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(picture.status().message(), path + ": an empty file, not a picture");
}

TEST(PictureFromFileTest, RefusesWhatNoServerTakesWithoutReadingIt) {
  const std::string path = FileOf("huge", "x");
  ASSERT_EQ(truncate(path.c_str(), kMaxPictureBytes + 1), 0);
  const auto picture = PictureFromFile(path);
  EXPECT_EQ(picture.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(picture.status().message(), path + ": larger than the 256 MiB that a server takes");
}

}  // namespace
}  // namespace impasto
