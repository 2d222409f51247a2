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

TEST(PictureFromPixelsTest, CopiesRowsWithTheirGaps) {
  const std::string data = "abcdef..ghijkl";  // two rows of two pixels, two bytes apart, none after the last
  const auto picture = PictureFromPixels({.format = v1::PIXEL_FORMAT_RGB8,
                                          .width = 2,
                                          .height = 2,
                                          .data = data.data(),
                                          .stride = 8,
                                          .icc_profile = "profile"});
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->raw().data(), data);
  EXPECT_EQ(picture->raw().stride(), 8);
  EXPECT_EQ(picture->raw().icc_profile(), "profile");
  const auto tight =
      PictureFromPixels({.format = v1::PIXEL_FORMAT_GRAY16, .width = 3, .height = 2, .data = "abcdefghijkl"});
  ASSERT_TRUE(tight.ok()) << tight.status();
  EXPECT_EQ(tight->raw().data(), "abcdefghijkl");
}

TEST(PictureFromPixelsTest, KnowsEveryFormatOfTheApi) {
  for (int format = v1::PixelFormat_MIN + 1; format <= v1::PixelFormat_MAX; ++format) {
    EXPECT_GT(BytesPerPixel(static_cast<v1::PixelFormat>(format)), 0) << format;
  }
  EXPECT_EQ(BytesPerPixel(v1::PIXEL_FORMAT_UNSPECIFIED), 0);
}

TEST(PictureFromPixelsTest, RefusesWhatCanNotBeAPicture) {
  const Pixels good{.format = v1::PIXEL_FORMAT_RGB8, .width = 2, .height = 2, .data = "abcdefghijkl"};
  const auto refusal = [&good](void (*change)(Pixels*)) {
    Pixels pixels = good;
    change(&pixels);
    return PictureFromPixels(pixels).status();
  };
  EXPECT_EQ(refusal([](Pixels* p) { p->format = v1::PIXEL_FORMAT_UNSPECIFIED; }),
            absl::InvalidArgumentError("format: 0 is no layout of pixels"));
  EXPECT_EQ(refusal([](Pixels* p) { p->width = 1; }),
            absl::InvalidArgumentError("width: 1 is not in 2..30000"));
  EXPECT_EQ(refusal([](Pixels* p) { p->height = -1; }),
            absl::InvalidArgumentError("height: -1 is not in 2..30000"));
  EXPECT_EQ(refusal([](Pixels* p) { p->stride = 5; }),
            absl::InvalidArgumentError("stride: 5 is not in 6..268435456"));
  EXPECT_EQ(refusal([](Pixels* p) { p->width = p->height = 30000; }),
            absl::InvalidArgumentError("data: 2700000000 bytes; a server takes 256 MiB"));
  EXPECT_EQ(refusal([](Pixels* p) { p->data = nullptr; }), absl::InvalidArgumentError("data: none"));
}

}  // namespace
}  // namespace impasto
