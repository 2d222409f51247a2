#include "rpc/picture_chunks.h"

#include <gtest/gtest.h>

namespace impasto::rpc {
namespace {

jobs::Event PictureEvent(size_t bytes) {
  jobs::Event event;
  event.message.set_sequence(7);
  event.message.mutable_time()->set_seconds(5);
  event.message.mutable_preview()->set_iteration(3);
  auto picture = std::make_shared<jobs::EncodedPicture>();
  picture->header.set_format(v1::PICTURE_FORMAT_PNG);
  picture->header.set_width(4);
  for (size_t i = 0; i < bytes; ++i) picture->data.push_back(static_cast<char>(i * 31 + i / 1000));
  event.picture = picture;
  return event;
}

TEST(EventMessages, NothingFromTheStart) { EXPECT_TRUE(EventMessages().done()); }

TEST(EventMessages, AnEventWithoutAPictureIsOneMessage) {
  jobs::Event event;
  event.message.set_sequence(2);
  event.message.mutable_progress()->set_iteration(1);
  EventMessages messages(event);
  ASSERT_FALSE(messages.done());
  v1::JobEvent message;
  messages.Next(&message);
  EXPECT_EQ(message.SerializeAsString(), event.message.SerializeAsString());
  EXPECT_TRUE(messages.done());
}

class ChunkSizes : public testing::TestWithParam<int64_t> {};

TEST_P(ChunkSizes, MakeThePictureAgain) {
  const jobs::Event event = PictureEvent(GetParam());
  EventMessages messages(event);
  std::string data;
  int count = 0;
  v1::JobEvent message;
  while (!messages.done()) {
    messages.Next(&message);
    EXPECT_EQ(message.sequence(), 7);
    EXPECT_EQ(message.time().seconds(), 5);
    EXPECT_EQ(message.preview().iteration(), 3);
    const v1::PictureChunk& chunk = message.preview().chunk();
    EXPECT_EQ(chunk.has_header(), count == 0);
    if (count == 0) {
      EXPECT_EQ(chunk.header().total_bytes(), GetParam());
      EXPECT_EQ(chunk.header().format(), v1::PICTURE_FORMAT_PNG);
      EXPECT_EQ(chunk.header().width(), 4);
    }
    EXPECT_EQ(chunk.offset(), static_cast<int64_t>(data.size()));
    EXPECT_LE(static_cast<int64_t>(chunk.data().size()), kMaxChunkBytes);
    data += chunk.data();
    ++count;
  }
  EXPECT_EQ(count, std::max<int64_t>(1, (GetParam() + kMaxChunkBytes - 1) / kMaxChunkBytes));
  EXPECT_TRUE(data == event.picture->data);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ChunkSizes,
                         testing::Values(0, 1, kMaxChunkBytes - 1, kMaxChunkBytes, kMaxChunkBytes + 1,
                                         5 * kMaxChunkBytes, 5 * kMaxChunkBytes + 12345));

TEST(EventMessages, AResultsChunksAreResults) {
  jobs::Event event = PictureEvent(kMaxChunkBytes + 1);
  event.message.mutable_result()->set_total_loss(2.5);
  EventMessages messages(event);
  v1::JobEvent message;
  messages.Next(&message);
  messages.Next(&message);
  EXPECT_EQ(message.result().total_loss(), 2.5);
  EXPECT_EQ(message.result().chunk().offset(), kMaxChunkBytes);
  EXPECT_EQ(message.result().chunk().data().size(), 1u);
}

TEST(EventMessages, LetGoOfThePictureAfterTheLastChunk) {
  jobs::Event event = PictureEvent(10);
  std::weak_ptr<const jobs::EncodedPicture> picture = event.picture;
  EventMessages messages(std::move(event));
  event = {};
  EXPECT_FALSE(picture.expired());
  v1::JobEvent message;
  messages.Next(&message);
  EXPECT_TRUE(picture.expired());
}

}  // namespace
}  // namespace impasto::rpc
