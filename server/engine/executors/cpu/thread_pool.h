// The threads that share one step's work.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace impasto::engine::cpu {

// Tasks are handed out in order to whoever is free; which thread takes which depends on timing, so that no
// task may depend on another and no sum may run over tasks of unknown order. Thread-safe: of two callers at
// once the second works alone, in its own thread.
class ThreadPool {
 public:
  // threads: how many work, the caller of Run among them; at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(task, thread) for every task in 0..tasks-1, thread in 0..threads()-1, and returns when all are
  // done. What the bodies wrote is then seen by the caller. Not from within a body.
  template <typename Body>
  void Run(int tasks, Body&& body) {
    RunErased(
        tasks,
        [](void* context, int task, int thread) {
          (*static_cast<std::remove_reference_t<Body>*>(context))(task, thread);
        },
        &body);
  }

 private:
  using Call = void (*)(void* context, int task, int thread);
  void RunErased(int tasks, Call call, void* context);
  void Work(int thread);
  void TakeTasks(int thread);

  std::mutex running_;  // held by the caller whose tasks the workers do
  Call call_ = nullptr;
  void* context_ = nullptr;
  int tasks_ = 0;
  std::atomic<int> next_{0};
  // The round's number above, kOpen while workers may join it, and how many have: a worker that wakes too
  // late for a round isn't waited for.
  std::atomic<uint64_t> gate_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace impasto::engine::cpu
