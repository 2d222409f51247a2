#include "core/notifier.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace impasto::gimp {
namespace {

TEST(NotifierTest, NothingIsToldAfterSilence) {
  int calls = 0;
  Notifier notifier([&] { ++calls; });
  notifier.Notify();
  notifier.Notify();
  notifier.Silence();
  notifier.Notify();
  EXPECT_EQ(calls, 2);
}

TEST(NotifierTest, SilenceWaitsForACallThatIsUnderWay) {
  std::mutex mutex;
  std::condition_variable changed;
  bool within = false;
  bool go_on = false;
  std::atomic<bool> returned = false;
  Notifier notifier([&] {
    std::unique_lock<std::mutex> lock(mutex);
    within = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    returned = true;
  });
  std::thread caller([&] { notifier.Notify(); });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return within; });
  }
  std::thread releaser([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    go_on = true;
    changed.notify_all();
  });
  notifier.Silence();
  EXPECT_TRUE(returned);
  caller.join();
  releaser.join();
}

TEST(NotifierTest, AHostMayFallSilentWithinACall) {
  Notifier* self = nullptr;
  int calls = 0;
  Notifier notifier([&] {
    ++calls;
    self->Silence();
  });
  self = &notifier;
  notifier.Notify();
  notifier.Notify();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace impasto::gimp
