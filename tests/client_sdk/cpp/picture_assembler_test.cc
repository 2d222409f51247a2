#include "picture_assembler.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

using ::impasto::testing::Chunks;

constexpr int64_t kMax = 1 << 20;

// What the assembler says to the last of `chunks`; the ones before have to be fine and not the end.
absl::StatusOr<std::optional<ReceivedPicture>> AddAll(PictureAssembler* assembler,
                                                      const std::vector<v1::PictureChunk>& chunks) {
  for (size_t i = 0; i + 1 < chunks.size(); ++i) {
    const auto added = assembler->Add(chunks[i]);
    EXPECT_TRUE(added.ok()) << added.status();
    EXPECT_FALSE(added.ok() && added->has_value());
  }
  return assembler->Add(chunks.back());
}

void ExpectRefused(const std::vector<v1::PictureChunk>& chunks, const std::string& message) {
  PictureAssembler assembler(kMax);
  const auto added = AddAll(&assembler, chunks);
  EXPECT_EQ(added.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(added.status().message(), "the server sent a broken picture: " + message);
  // The next picture isn't hurt by this one.
  EXPECT_FALSE(assembler.pending());
  const auto next = assembler.Add(Chunks("whole", 5)[0]);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ((*next)->bytes, "whole");
}

TEST(PictureAssemblerTest, PutsChunksOfAnySizeTogether) {
  const std::string bytes = "0123456789abcdef";
  for (size_t size : {1, 3, 8, 15, 16, 100}) {
    PictureAssembler assembler(kMax);
    const auto added = AddAll(&assembler, Chunks(bytes, size, v1::PICTURE_FORMAT_WEBP));
    ASSERT_TRUE(added.ok()) << added.status();
    ASSERT_TRUE(added->has_value());
    EXPECT_EQ((*added)->bytes, bytes);
    EXPECT_EQ((*added)->header.format(), v1::PICTURE_FORMAT_WEBP);
    EXPECT_EQ((*added)->header.width(), 4);
    EXPECT_EQ((*added)->header.height(), 3);
    EXPECT_FALSE(assembler.pending());
  }
}

TEST(PictureAssemblerTest, TakesOnePictureAfterAnother) {
  PictureAssembler assembler(kMax);
  for (const std::string bytes : {"first", "second one"}) {
    const auto added = AddAll(&assembler, Chunks(bytes, 2));
    ASSERT_TRUE(added.ok()) << added.status();
    EXPECT_EQ((*added)->bytes, bytes);
  }
}

TEST(PictureAssemblerTest, TakesExactlyTheLimit) {
  PictureAssembler assembler(5);
  EXPECT_EQ(assembler.Add(Chunks("12345", 5)[0]).status().code(), absl::StatusCode::kOk);
  const auto added = assembler.Add(Chunks("123456", 6)[0]);
  EXPECT_EQ(added.status().message(), "the server sent a broken picture: it has 6 bytes, not 1 to 5");
}

TEST(PictureAssemblerTest, RefusesAFirstChunkWithoutHeader) {
  auto chunks = Chunks("0123456789", 4);
  ExpectRefused({chunks[1]}, "its first chunk has no header");
}

TEST(PictureAssemblerTest, RefusesAnUnknownFormat) {
  ExpectRefused(Chunks("0123", 4, v1::PICTURE_FORMAT_UNSPECIFIED), "its format isn't given");
}

TEST(PictureAssemblerTest, RefusesSizesThatNoPictureHas) {
  auto chunks = Chunks("0123", 4);
  chunks[0].mutable_header()->set_width(0);
  ExpectRefused(chunks, "its size is 0 x 3");
}

TEST(PictureAssemblerTest, RefusesTotalsOutsideTheLimit) {
  for (const int64_t total : {int64_t{0}, int64_t{-1}, kMax + 1, int64_t{1} << 62}) {
    auto chunks = Chunks("0123", 4);
    chunks[0].mutable_header()->set_total_bytes(total);
    ExpectRefused(chunks, "it has " + std::to_string(total) + " bytes, not 1 to 1048576");
  }
}

TEST(PictureAssemblerTest, RefusesAGap) {
  auto chunks = Chunks("0123456789", 4);
  ExpectRefused({chunks[0], chunks[2]}, "a chunk is for offset 8, the next is 4");
}

TEST(PictureAssemblerTest, RefusesAChunkTwice) {
  auto chunks = Chunks("0123456789", 4);
  ExpectRefused({chunks[0], chunks[1], chunks[1]}, "a chunk is for offset 4, the next is 8");
}

TEST(PictureAssemblerTest, RefusesANegativeOffset) {
  auto chunks = Chunks("0123", 4);
  chunks[0].set_offset(-4);
  ExpectRefused(chunks, "a chunk is for offset -4, the next is 0");
}

TEST(PictureAssemblerTest, RefusesMoreThanItsTotal) {
  auto chunks = Chunks("0123456789", 4);
  chunks[2].set_data("89X");
  ExpectRefused(chunks, "a chunk of 3 bytes where 2 are missing");
}

TEST(PictureAssemblerTest, RefusesAnEmptyChunk) {
  auto chunks = Chunks("0123456789", 4);
  chunks[1].clear_data();
  ExpectRefused({chunks[0], chunks[1]}, "an empty chunk at offset 4");
}

TEST(PictureAssemblerTest, RefusesAnotherPictureBeforeTheEnd) {
  auto chunks = Chunks("0123456789", 4);
  ExpectRefused({chunks[0], chunks[0]}, "another one begins after 4 of its 10 bytes");
}

}  // namespace
}  // namespace impasto
