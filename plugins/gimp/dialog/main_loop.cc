#include "dialog/main_loop.h"

#include <atomic>

#include <glib.h>

namespace impasto::gimp {
namespace {

struct Posted {
  std::weak_ptr<char> alive;
  std::function<void()> call;
};

gboolean Run(gpointer data) {
  const auto* const posted = static_cast<Posted*>(data);
  if (!posted->alive.expired()) {
    posted->call();
  }
  return FALSE;
}

void Free(gpointer data) { delete static_cast<Posted*>(data); }

}  // namespace

void MainLoop::Post(std::weak_ptr<char> alive, std::function<void()> call) {
  g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, Run, new Posted{std::move(alive), std::move(call)}, Free);
}

std::function<void()> MainLoop::Waker(std::function<void()> call) const {
  auto pending = std::make_shared<std::atomic<bool>>(false);
  return [alive = std::weak_ptr<char>(alive_), pending, call = std::move(call)] {
    if (pending->exchange(true)) {
      return;
    }
    Post(alive, [pending, call] {
      // First, so that what changes from here on is seen.
      pending->store(false);
      call();
    });
  };
}

int Delay::Ring(void* self) {
  auto* const delay = static_cast<Delay*>(self);
  delay->source_ = 0;
  delay->call_();
  return FALSE;
}

void Delay::Start() {
  Stop();
  source_ = g_timeout_add(milliseconds_, Ring, this);
}

void Delay::Stop() {
  if (source_ != 0) {
    g_source_remove(std::exchange(source_, 0));
  }
}

}  // namespace impasto::gimp
