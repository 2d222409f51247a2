#include "jobs/sqlite/keyed_mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace impasto::jobs {
namespace {

TEST(KeyedMutexTest, OneHolderAName) {
  KeyedMutex mutex;
  // Not atomic: a second holder of the same name would be seen as a wrong sum, and by the thread sanitizer.
  int counters[2] = {0, 0};
  constexpr int kThreads = 4, kRounds = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const KeyedMutex::Lock lock(&mutex, t % 2 == 0 ? "even" : "odd");
        ++counters[t % 2];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters[0], kThreads / 2 * kRounds);
  EXPECT_EQ(counters[1], kThreads / 2 * kRounds);
}

TEST(KeyedMutexTest, OtherNamesGoOn) {
  KeyedMutex mutex;
  const KeyedMutex::Lock a(&mutex, "a");
  const KeyedMutex::Lock b(&mutex, "b");
}

}  // namespace
}  // namespace impasto::jobs
