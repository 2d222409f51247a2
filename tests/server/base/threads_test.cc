#include "base/threads.h"

#include <gtest/gtest.h>

namespace impasto {
namespace {

TEST(AvailableThreadsTest, AtLeastOne) { EXPECT_GE(AvailableThreads(), 1); }

}  // namespace
}  // namespace impasto
