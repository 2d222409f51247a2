#include "engine/weights/subprocess.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

TEST(SubprocessTest, OutputAndExitCode) {
  const auto result = RunProgram({"sh", "-c", "echo out; echo err >&2; exit 3"}, 60);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
}

TEST(SubprocessTest, ArgumentsAreNoShellText) {
  const auto result = RunProgram({"echo", "$(id); a  b"}, 60);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->output, "$(id); a  b\n");
}

TEST(SubprocessTest, LongOutputKeepsItsEnd) {
  const auto result = RunProgram(
      {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo last"}, 60);
  ASSERT_TRUE(result.ok());
  EXPECT_LE(result->output.size(), 2u * 16384 + 4096);
  EXPECT_THAT(result->output, HasSubstr("last\n"));
}

TEST(SubprocessTest, Failures) {
  EXPECT_EQ(RunProgram({"impasto-no-such-program"}, 60).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RunProgram({"sh", "-c", "kill -9 $$"}, 60)->exit_code, 137);
  EXPECT_EQ(RunProgram({"cat", "/dev/zero"}, 0).status().code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace impasto::engine
