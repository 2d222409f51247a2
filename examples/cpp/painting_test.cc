// How to test a program on the SDK: without a server, with a mock of the connection.
#include "painting.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/mocks/mock_connection.h"
#include "impasto/mocks/scripted_call.h"

namespace {

using ::impasto::mocks::MockConnection;
using ::impasto::mocks::ScriptedCall;
using ::testing::HasSubstr;

std::string Path(const std::string& name) { return ::testing::TempDir() + "painting_test." + name; }

std::string FileWith(const std::string& name, const std::string& bytes) {
  std::ofstream(Path(name), std::ios::binary) << bytes;
  return Path(name);
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PaintTest, WritesThePicture) {
  auto connection = std::make_shared<MockConnection>();
  // The server's part of the job: what it is asked for, and what it sends.
  EXPECT_CALL(*connection, Stylize).WillOnce([](const impasto::v1::StylizeRequest& request) {
    EXPECT_EQ(request.content().encoded(), "PHOTO");
    EXPECT_EQ(request.recipe().iterations(), 100);
    impasto::v1::Progress progress;
    progress.set_iteration(2);
    progress.set_iterations(100);
    progress.set_total_loss(20);
    impasto::ResultPicture result;
    result.picture.bytes = "PAINTED";
    return std::make_unique<ScriptedCall>(std::vector<impasto::StylizeEvent>{progress, result});
  });
  std::ostringstream out;
  const absl::Status status = Paint(impasto::Client(connection), FileWith("photo.jpg", "PHOTO"),
                                    FileWith("painting.jpg", "PAINTING"), Path("out.png"), out);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Read(Path("out.png")), "PAINTED");
  EXPECT_THAT(out.str(), HasSubstr("1 of 100 steps, loss 20\n"));
}

TEST(PaintTest, ReportsWhatTheServerRefuses) {
  auto connection = std::make_shared<MockConnection>();
  EXPECT_CALL(*connection, Stylize).WillOnce([](const impasto::v1::StylizeRequest&) {
    return std::make_unique<ScriptedCall>(std::vector<impasto::StylizeEvent>{},
                                          absl::InvalidArgumentError("content: not a picture"));
  });
  std::ostringstream out;
  EXPECT_EQ(Paint(impasto::Client(connection), FileWith("photo.jpg", "PHOTO"),
                  FileWith("painting.jpg", "PAINTING"), Path("none.png"), out),
            absl::InvalidArgumentError("content: not a picture"));
}

}  // namespace
