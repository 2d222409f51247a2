#include "engine/executors/cpu/thread_pool.h"

namespace impasto::engine::cpu {
namespace {

constexpr uint64_t kOpen = uint64_t{1} << 16;
constexpr uint64_t kJoined = kOpen - 1;
constexpr uint64_t kRound = kOpen << 1;

// Rounds follow one another within microseconds inside a step, and sleeping and waking takes fifty; so a
// waiting thread looks again for about that long before it sleeps. Longer would take the core from others.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns a value for which `done` is true.
template <typename Done>
uint64_t WaitUntil(const std::atomic<uint64_t>& value, Done done) {
  for (int spin = 0; spin < kSpins; ++spin) {
    const uint64_t now = value.load(std::memory_order_acquire);
    if (done(now)) return now;
    Pause();
  }
  for (;;) {
    const uint64_t now = value.load(std::memory_order_acquire);
    if (done(now)) return now;
    value.wait(now, std::memory_order_acquire);
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { Work(i); });
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  gate_.fetch_add(kRound, std::memory_order_acq_rel);
  gate_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::TakeTasks(int thread) {
  for (;;) {
    const int task = next_.fetch_add(1, std::memory_order_relaxed);
    if (task >= tasks_) return;
    call_(context_, task, thread);
  }
}

void ThreadPool::RunErased(int tasks, Call call, void* context) {
  const std::unique_lock<std::mutex> lock(running_, std::try_to_lock);
  if (!lock.owns_lock() || workers_.empty() || tasks <= 1) {
    for (int task = 0; task < tasks; ++task) call(context, task, 0);
    return;
  }
  call_ = call;
  context_ = context;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  // Nobody is in a round now, so that the low bits are zero.
  gate_.store((gate_.load(std::memory_order_relaxed) & ~(kRound - 1)) + kRound + kOpen,
              std::memory_order_release);
  gate_.notify_all();
  TakeTasks(0);
  gate_.fetch_and(~kOpen, std::memory_order_acq_rel);
  WaitUntil(gate_, [](uint64_t gate) { return (gate & kJoined) == 0; });
}

void ThreadPool::Work(int thread) {
  uint64_t seen = 0;  // the last round
  for (;;) {
    uint64_t gate = WaitUntil(gate_, [&](uint64_t now) { return now / kRound != seen; });
    if (stop_) return;
    seen = gate / kRound;
    while ((gate & kOpen) != 0 && gate / kRound == seen) {
      if (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) continue;
      TakeTasks(thread);
      const uint64_t left = gate_.fetch_sub(1, std::memory_order_acq_rel) - 1;
      if ((left & (kOpen | kJoined)) == 0) gate_.notify_all();
      break;
    }
  }
}

}  // namespace impasto::engine::cpu
