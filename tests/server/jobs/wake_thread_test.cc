#include "jobs/wake_thread.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {
namespace {

TEST(WakeThread, CallsInOrderOnItsOwnThread) {
  WakeThread wakes;
  std::vector<int> calls;
  std::thread::id thread;
  for (int i = 0; i < 100; ++i) {
    wakes.Post([&, i] {
      calls.push_back(i);
      thread = std::this_thread::get_id();
    });
  }
  wakes.Stop();
  ASSERT_EQ(calls.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(calls[i], i);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(WakeThread, ACallMayPostAnother) {
  WakeThread wakes;
  Counter done;
  wakes.Post([&] { wakes.Post([&] { done.Add(); }); });
  done.WaitFor(1);
  EXPECT_EQ(done.value(), 1);
}

TEST(WakeThread, CallsAtOnceAfterStop) {
  WakeThread wakes;
  wakes.Stop();
  std::thread::id thread;
  wakes.Post([&] { thread = std::this_thread::get_id(); });
  EXPECT_EQ(thread, std::this_thread::get_id());
  wakes.Stop();
}

}  // namespace
}  // namespace impasto::jobs
