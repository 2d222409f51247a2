// The program starts itself again with its thread pools told not to spin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class PassiveWaitTest : public ::testing::Test {
 protected:
  PassiveWaitTest() { testing::WriteSmallModel(dir_.path(), "vgg16"); }
  std::string Environment() {
    const testing::RunningServer server = testing::StartServer(dir_.path());
    name_ = ReadAll(absl::StrCat("/proc/", server.process->pid(), "/comm"));
    return ReadAll(absl::StrCat("/proc/", server.process->pid(), "/environ"));
  }
  testing::TempDir dir_;
  std::string name_;
};

TEST_F(PassiveWaitTest, PoolsAreToldToSleep) {
  unsetenv("OMP_WAIT_POLICY");
  const std::string environment = Environment();
  EXPECT_THAT(environment, HasSubstr("OMP_WAIT_POLICY=passive"));
  EXPECT_THAT(environment, HasSubstr("OPENBLAS_THREAD_TIMEOUT=4"));
  EXPECT_EQ(name_, "impastod\n");
}

TEST_F(PassiveWaitTest, TheUsersOwnWordCounts) {
  setenv("OMP_WAIT_POLICY", "active", 1);
  const std::string environment = Environment();
  EXPECT_THAT(environment, HasSubstr("OMP_WAIT_POLICY=active"));
  EXPECT_THAT(environment, Not(HasSubstr("OPENBLAS_THREAD_TIMEOUT=4")));
}

}  // namespace
}  // namespace impasto
