#include "engine/executors/cpu/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;

class ThreadPoolTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, ::testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolTest, EveryTaskOnceAndItsResultIsSeen) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const int tasks : {0, 1, 2, 3, 7, 64, 1000}) {
    // Plain ints: the sanitizer sees whether the pool orders these writes before the reads.
    std::vector<int> done(tasks), thread_of(tasks, -1);
    pool.Run(tasks, [&](int task, int thread) {
      ++done[task];
      thread_of[task] = thread;
    });
    EXPECT_THAT(done, Each(1));
    EXPECT_THAT(thread_of, Each(::testing::AllOf(::testing::Ge(0), ::testing::Lt(GetParam()))));
  }
}

TEST_P(ThreadPoolTest, ManyShortRoundsThatReadTheOneBefore) {
  ThreadPool pool(GetParam());
  constexpr int kTasks = 5;
  std::vector<int64_t> values(kTasks, 1), next(kTasks);
  for (int round = 0; round < 20000; ++round) {
    pool.Run(kTasks,
             [&](int task, int) { next[task] = (values[(task + 1) % kTasks] + round + task) % 1000003; });
    std::swap(values, next);
  }
  // The same without a pool.
  std::vector<int64_t> expected(kTasks, 1);
  for (int round = 0; round < 20000; ++round) {
    for (int task = 0; task < kTasks; ++task)
      next[task] = (expected[(task + 1) % kTasks] + round + task) % 1000003;
    std::swap(expected, next);
  }
  EXPECT_EQ(values, expected);
}

TEST_P(ThreadPoolTest, AThreadNumberIsUsedByOneTaskAtATime) {
  // What makes a thread's part of the scratch space its own.
  ThreadPool pool(GetParam());
  std::vector<std::vector<int>> scratch(GetParam(), std::vector<int>(256));
  std::vector<int> sums(200);
  for (int round = 0; round < 20; ++round) {
    pool.Run(200, [&](int task, int thread) {
      std::fill(scratch[thread].begin(), scratch[thread].end(), task);
      sums[task] = std::accumulate(scratch[thread].begin(), scratch[thread].end(), 0);
    });
    for (int task = 0; task < 200; ++task) ASSERT_EQ(sums[task], 256 * task);
  }
}

TEST_P(ThreadPoolTest, TwoCallersAtOnce) {
  ThreadPool pool(GetParam());
  std::atomic<int> started{0};
  std::vector<int64_t> totals(2);
  auto call = [&](int caller) {
    // Both at the same time, as far as can be.
    started.fetch_add(1);
    while (started.load() < 2) std::this_thread::yield();
    for (int round = 0; round < 3000; ++round) {
      int values[16] = {};
      pool.Run(16, [&](int task, int) { values[task] = task + round; });
      totals[caller] += std::accumulate(values, values + 16, int64_t{0});
    }
  };
  std::thread other(call, 1);
  call(0);
  other.join();
  EXPECT_THAT(totals, Each(int64_t{120} * 3000 + int64_t{16} * (int64_t{2999} * 3000 / 2)));
}

TEST_P(ThreadPoolTest, TheSecondCallerWorksAloneWhileTheFirstIsInItsTasks) {
  ThreadPool pool(GetParam());
  std::atomic<bool> inside{false}, go_on{false};
  std::thread first([&] {
    pool.Run(2, [&](int, int) {
      inside = true;
      while (!go_on) std::this_thread::yield();
    });
  });
  while (!inside) std::this_thread::yield();
  // Returns although the first hasn't: a caller that waited for it would hang here.
  std::set<std::thread::id> threads;
  std::set<int> numbers;
  pool.Run(50, [&](int, int thread) {
    threads.insert(std::this_thread::get_id());
    numbers.insert(thread);
  });
  EXPECT_THAT(threads, ::testing::ElementsAre(std::this_thread::get_id()));
  EXPECT_THAT(numbers, ::testing::ElementsAre(0));
  go_on = true;
  first.join();
}

TEST_P(ThreadPoolTest, EndsWhileIdleOrNeverUsed) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(GetParam());
  for (int i = 0; i < 50; ++i) {
    ThreadPool pool(GetParam());
    std::atomic<int> count{0};
    pool.Run(i, [&](int, int) { ++count; });
    EXPECT_EQ(count, i);
  }
}

TEST(ThreadPoolTest, AllThreadsTakePart) {
  ThreadPool pool(3);
  std::atomic<int> inside{0};
  std::vector<int> thread_of(3, -1);
  pool.Run(3, [&](int task, int thread) {
    thread_of[task] = thread;
    // Goes on only when all three are here: with fewer threads it would hang.
    ++inside;
    while (inside < 3) std::this_thread::yield();
  });
  EXPECT_THAT(thread_of, ::testing::UnorderedElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace impasto::engine::cpu
