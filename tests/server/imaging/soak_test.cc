// Many threads at once, and many pictures in a row.
#include <gtest/gtest.h>

#include <thread>

#include "base/memory.h"
#include "imaging/picture.h"
#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

constexpr Format kFiles[] = {Format::kPng, Format::kJpeg, Format::kWebp, Format::kTiff};

// One picture there and back; returns the result's bytes.
std::string Cycle(const std::string& file, Format format) {
  const absl::StatusOr<Picture> picture = Picture::Decode(file, {});
  EXPECT_TRUE(picture.ok()) << picture.status();
  const absl::StatusOr<Image> image = picture->Working(100);
  EXPECT_TRUE(image.ok()) << image.status();
  EncodeOptions options;
  options.format = format;
  options.original = &*picture;
  options.original_size = true;
  const absl::StatusOr<Encoded> encoded = Encode(*image, options);
  EXPECT_TRUE(encoded.ok()) << encoded.status();
  return encoded->data;
}

std::string Source(Format format, uint32_t seed) {
  VImage image = Samples8(200, 150, 3, Noise8(200 * 150 * 3, seed), VIPS_INTERPRETATION_sRGB);
  if (format == Format::kPng || format == Format::kJpeg) {
    SetProfile(image, BuiltinProfile("p3"));
  }
  return Save(image, format);
}

TEST(SoakTest, ThreadsDoNotDisturbOneAnother) {
  ASSERT_TRUE(Init(2).ok());
  constexpr int kThreads = 4;
  std::vector<std::string> sources;
  std::vector<std::string> expected;
  for (int i = 0; i < kThreads; ++i) {
    sources.push_back(Source(kFiles[i], i));
    expected.push_back(Cycle(sources[i], kFiles[i]));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        EXPECT_EQ(Cycle(sources[i], kFiles[i]), expected[i]);
        // Errors of one thread must not reach another's reply.
        EXPECT_EQ(Picture::Decode(sources[i].substr(0, sources[i].size() / 2), {}).status().code(),
                  absl::StatusCode::kInvalidArgument);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(SoakTest, MemoryDoesNotGrow) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer keeps freed memory";
#endif
  ASSERT_TRUE(Init(2).ok());
  std::vector<std::string> sources;
  for (Format format : kFiles) {
    sources.push_back(Source(format, 7));
  }
  const auto cycles = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Cycle(sources[i % 4], kFiles[i % 4]);
      EXPECT_FALSE(Picture::Decode(sources[i % 4].substr(0, 900), {}).ok());
    }
  };
  cycles(40);
  const int64_t before = ResidentBytes();
  cycles(200);
  const int64_t growth = ResidentBytes() - before;
  // A picture is 90 kB; keeping one of every cycle would be 18 MB.
  EXPECT_LT(growth, 6'000'000);
}

}  // namespace
}  // namespace impasto::imaging
