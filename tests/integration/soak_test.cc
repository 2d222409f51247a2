// Memory: a hundred jobs cost no more than ten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

TEST(SoakTest, ResidentMemoryAfterAHundredJobsIsThatAfterTen) {
  ASSERT_TRUE(imaging::Init(1).ok());
  const testing::TempDir dir;
  testing::WriteSmallModel(dir.path(), "vgg19");
  // Results go to the disk, as a server's do.
  testing::RunningServer server = testing::StartServer(dir.path(), {"--state-dir", dir.File("state")});
  // Large enough that what a job leaves behind would show beside the libraries' own memory.
  v1::StylizeRequest request = testing::SmallRequest(2);
  request.mutable_content()->set_encoded(testing::Png(testing::Photograph(512, 384)));
  request.mutable_styles(0)->set_encoded(testing::Png(testing::Painting(512, 400)));
  request.mutable_preview()->set_every_iterations(1);
  int64_t after_tenth = 0;
  for (int job = 1; job <= 100; ++job) {
    const testing::JobOutcome outcome = testing::RunJob(*server.stylization, request);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    // The job's line comes once all of it is done with.
    ASSERT_TRUE(server.process->WaitForLine(outcome.accepted.job()).ok());
    const int64_t bytes = server.process->ResidentBytes();
    if (job == 10) after_tenth = bytes;
    if (job % 10 == 0)
      std::printf("after job %3d: %.1f MB resident\n", job, static_cast<double>(bytes) / 1e6);
    if (job == 100) {
      EXPECT_LE(bytes, after_tenth * 105 / 100);
    }
  }
}

}  // namespace
}  // namespace impasto
