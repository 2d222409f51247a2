#include "jobs/picture_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;

// Its encoder is held up until the test lets it go.
class PictureQueueTest : public testing::Test {
 protected:
  PictureQueueTest() {
    queue_.PutPreview(99, [this] {
      began_.Add();
      go_.WaitFor(1);
    });
    began_.WaitFor(1);
  }
  void PutPreview(int64_t job, const char* name) {
    queue_.PutPreview(job, [this, name] { encoded_.push_back(name); });
  }

  Counter began_, go_;
  std::vector<std::string> encoded_;
  PictureQueue queue_;
};

TEST_F(PictureQueueTest, OfEachJobTheNewestPreviewWaits) {
  PutPreview(1, "1a");
  PutPreview(2, "2a");
  PutPreview(1, "1b");
  PutPreview(1, "1c");
  PutPreview(3, "3a");
  go_.Add();
  queue_.Stop();
  EXPECT_THAT(encoded_, ElementsAre("2a", "1c", "3a"));
}

TEST_F(PictureQueueTest, ADroppedPreviewIsFreed) {
  auto pixels = std::make_shared<int>(0);
  queue_.PutPreview(1, [pixels] {});
  EXPECT_EQ(pixels.use_count(), 2);
  PutPreview(2, "2");
  EXPECT_EQ(pixels.use_count(), 2);
  PutPreview(1, "1");
  EXPECT_EQ(pixels.use_count(), 1);
  go_.Add();
}

TEST_F(PictureQueueTest, AResultComesAfterItsJobsPreviews) {
  PutPreview(1, "preview");
  queue_.PutResult([&] { encoded_.push_back("result"); });
  go_.Add();
  queue_.Stop();
  EXPECT_THAT(encoded_, ElementsAre("preview", "result"));
}

TEST_F(PictureQueueTest, OneResultWaitsAndTheNextBlocks) {
  Counter put;
  queue_.PutResult([&] {
    began_.Add();
    go_.WaitFor(2);
  });
  std::thread second([&] {
    queue_.PutResult([&] {});
    put.Add();
  });
  EXPECT_EQ(put.value(), 0);
  go_.Add();
  began_.WaitFor(2);  // the first is being encoded: there is room for the second
  put.WaitFor(1);
  second.join();
  go_.Add();
}

}  // namespace
}  // namespace impasto::jobs
