// How other threads speak to GTK's main loop.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace impasto::gimp {

// Lives and dies on the main thread. What was handed over and hasn't run by then never runs.
class MainLoop {
 public:
  MainLoop() : alive_(std::make_shared<char>()) {}
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  // A function for any thread, which returns at once: `call` runs in the main loop soon after. Many calls
  // before it runs are one.
  std::function<void()> Waker(std::function<void()> call) const;

  // Runs `work` on a thread of its own, and then `then` with what it returned in the main loop. The thread
  // may outlive this.
  template <class Work, class Then>
  void InBackground(Work work, Then then) const {
    std::thread([alive = std::weak_ptr<char>(alive_), work = std::move(work),
                 then = std::move(then)]() mutable {
      auto result = std::make_shared<decltype(work())>(work());
      Post(std::move(alive), [result, then = std::move(then)]() mutable { then(std::move(*result)); });
    }).detach();
  }

 private:
  static void Post(std::weak_ptr<char> alive, std::function<void()> call);

  std::shared_ptr<char> alive_;
};

// Something that is done once nothing has happened for a while. For the main thread.
class Delay {
 public:
  Delay(unsigned milliseconds, std::function<void()> call)
      : milliseconds_(milliseconds), call_(std::move(call)) {}
  ~Delay() { Stop(); }
  Delay(const Delay&) = delete;
  Delay& operator=(const Delay&) = delete;

  // From now on, anew.
  void Start();
  void Stop();

 private:
  static int Ring(void* self);

  const unsigned milliseconds_;
  const std::function<void()> call_;
  unsigned source_ = 0;
};

}  // namespace impasto::gimp
