#include "cli/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>

#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

TEST(InterruptWatcherTest, TheFirstSignalCallsTheHandler) {
  InterruptWatcher watcher;
  EXPECT_EQ(watcher.signal(), 0);
  std::promise<int> called;
  watcher.SetHandlers([&](int signal) { called.set_value(signal); }, nullptr);
  kill(getpid(), SIGINT);
  EXPECT_EQ(called.get_future().get(), SIGINT);
  watcher.SetHandlers(nullptr, nullptr);  // returns when the handler has
  EXPECT_EQ(watcher.signal(), SIGINT);
}

// The watcher blocks the signals for its process: each of these runs in a child.
TEST(InterruptWatcherDeathTest, TheSecondSignalEndsTheProgram) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        InterruptWatcher watcher;
        std::promise<int> called;
        watcher.SetHandlers([&](int signal) { called.set_value(signal); }, nullptr);
        kill(getpid(), SIGINT);
        called.get_future().wait();
        kill(getpid(), SIGINT);
        for (;;) {
          pause();
        }
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(InterruptWatcherDeathTest, TheSecondSignalCallsTheSecondHandlerFirst) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        InterruptWatcher watcher;
        std::promise<int> called;
        watcher.SetHandlers([&](int signal) { called.set_value(signal); },
                            [] { (void)!write(STDERR_FILENO, "told the server", 15); });
        kill(getpid(), SIGINT);
        called.get_future().wait();
        kill(getpid(), SIGINT);
        for (;;) {
          pause();
        }
      },
      ::testing::ExitedWithCode(130), "told the server");
}

TEST(InterruptWatcherDeathTest, WithoutAHandlerTheFirstSignalEndsTheProgram) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        InterruptWatcher watcher;
        kill(getpid(), SIGTERM);
        for (;;) {
          pause();
        }
      },
      ::testing::ExitedWithCode(143), "");
}

}  // namespace
}  // namespace impasto::cli
