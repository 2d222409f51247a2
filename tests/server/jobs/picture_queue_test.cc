#include "jobs/picture_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;

TEST(PictureQueue, OnlyTheNewestPreviewWaits) {
  std::vector<std::string> encoded;
  Counter began, go;
  PictureQueue queue;
  queue.PutPreview([&] {
    began.Add();
    go.WaitFor(1);
    encoded.push_back("preview 1");
  });
  began.WaitFor(1);
  for (const char* name : {"preview 2", "preview 3", "preview 4"}) {
    queue.PutPreview([&, name] { encoded.push_back(name); });
  }
  go.Add();
  queue.Stop();
  EXPECT_THAT(encoded, ElementsAre("preview 1", "preview 4"));
}

TEST(PictureQueue, ADroppedPreviewIsFreed) {
  Counter began, go;
  PictureQueue queue;
  queue.PutPreview([&] {
    began.Add();
    go.WaitFor(1);
  });
  began.WaitFor(1);
  auto pixels = std::make_shared<int>(0);
  queue.PutPreview([pixels] {});
  EXPECT_EQ(pixels.use_count(), 2);
  queue.PutPreview([] {});
  EXPECT_EQ(pixels.use_count(), 1);
  go.Add();
}

TEST(PictureQueue, AResultComesAfterItsJobsPreviews) {
  std::vector<std::string> encoded;
  Counter began, go;
  PictureQueue queue;
  queue.PutPreview([&] {
    began.Add();
    go.WaitFor(1);
  });
  began.WaitFor(1);
  queue.PutPreview([&] { encoded.push_back("preview"); });
  queue.PutResult([&] { encoded.push_back("result"); });
  go.Add();
  queue.Stop();
  EXPECT_THAT(encoded, ElementsAre("preview", "result"));
}

TEST(PictureQueue, OneResultWaitsAndTheNextBlocks) {
  Counter began, go, put;
  PictureQueue queue;
  queue.PutResult([&] {
    began.Add();
    go.WaitFor(1);
  });
  began.WaitFor(1);
  queue.PutResult([&] {
    began.Add();
    go.WaitFor(2);
  });
  std::thread third([&] {
    queue.PutResult([&] {});
    put.Add();
  });
  EXPECT_EQ(put.value(), 0);
  go.Add();
  began.WaitFor(2);  // the second is being encoded: there is room for the third
  put.WaitFor(1);
  third.join();
  go.Add();
}

}  // namespace
}  // namespace impasto::jobs
