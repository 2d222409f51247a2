// The C++ and the shell example, against a scripted server.
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/fake_service.h"

namespace impasto {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ExamplesTest : public ::testing::Test {
 protected:
  ExamplesTest() {
    WriteFile(dir_ + "photo.jpg", "PHOTO");
    WriteFile(dir_ + "other.jpg", "OTHER");
    WriteFile(dir_ + "painting.jpg", "PAINTING");
    server_.SetStylize([](const v1::StylizeRequest& request, EventStream& stream) {
      if (request.content().encoded() == "OTHER") {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "content: not a picture");
      }
      stream.Send(AcceptedEvent({}, {"the weights are random"}));
      stream.Send(ProgressEvent(1, 1, 30, 20, 10, 0));
      stream.SendAll(PreviewEvents(1, "preview"));
      stream.Send(ProgressEvent(2, 1, 20, 10, 10, 500));
      stream.SendAll(ResultEvents(1, 20, "PAINTED"));
      stream.Send(FinishedEvent());
      return grpc::Status::OK;
    });
  }

  CliProcess::Options Environment(const std::string& program) {
    return {.environment = {"IMPASTO_SERVER=" + server_.address(),
                            std::string("IMPASTO=") + std::getenv("IMPASTO_CLI"), "FLAGS=--iterations 1"},
            .terminal = false,
            .program = program};
  }

  FakeServer server_;
  const std::string dir_ = MakeTestDir();
};

TEST_F(ExamplesTest, Cpp) {
  const std::string program = std::getenv("IMPASTO_EXAMPLE_PAINT");
  CliProcess painted({dir_ + "photo.jpg", dir_ + "painting.jpg", dir_ + "out.png"}, Environment(program));
  EXPECT_EQ(painted.Wait(), 0) << painted.err();
  EXPECT_EQ(ReadFile(dir_ + "out.png"), "PAINTED");
  EXPECT_THAT(painted.out(), HasSubstr("WARNING: the weights are random\n"));
  EXPECT_THAT(painted.out(), HasSubstr("1 of 1 steps, loss 20\n"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_EQ(server_.requests()[0].recipe().iterations(), 100);

  CliProcess refused({dir_ + "other.jpg", dir_ + "painting.jpg", dir_ + "refused.png"}, Environment(program));
  EXPECT_EQ(refused.Wait(), 1);
  EXPECT_EQ(refused.err(), "content: not a picture\n");
}

TEST_F(ExamplesTest, Shell) {
  const std::string program = std::string(std::getenv("IMPASTO_EXAMPLES")) + "/shell/stylize.sh";
  const std::vector<std::string> arguments = {dir_ + "painting.jpg", dir_ + "painted", dir_ + "other.jpg",
                                              dir_ + "photo.jpg"};
  CliProcess first(arguments, Environment(program));
  EXPECT_EQ(first.Wait(), 1);
  EXPECT_THAT(first.err(), HasSubstr("1 of 2 photographs could not be painted\n"));
  EXPECT_EQ(ReadFile(dir_ + "painted/photo.png"), "PAINTED");
  EXPECT_THAT(ListDir(dir_ + "painted"), ElementsAre("other.csv", "photo.csv", "photo.json", "photo.png"));
  ASSERT_THAT(server_.requests(), SizeIs(2));
  EXPECT_EQ(server_.requests()[1].recipe().iterations(), 1);

  CliProcess second(arguments, Environment(program));
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr("painted/photo.png is there already\n"));
  EXPECT_THAT(server_.requests(), SizeIs(3)) << "the one that is done isn't painted again";
}

}  // namespace
}  // namespace impasto
