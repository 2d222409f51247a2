#include "rpc/event_stream.h"

#include <utility>

#include "rpc/status.h"

namespace impasto::rpc {
namespace {

// Nobody reads it.
absl::Status ClientLeft() { return absl::CancelledError("the client has gone"); }

}  // namespace

void EventStream::Start(absl::StatusOr<std::unique_ptr<jobs::Watch>> watch) {
  if (!watch.ok()) return End(watch.status());
  watch_ = *std::move(watch);
  SendNext();
}

bool EventStream::client_left() const {
  MutexLock lock(&mutex_);
  return client_left_;
}

void EventStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(&mutex_);
    state_ = State::kHeld;
    if (!ok) client_left_ = true;
  }
  SendNext();
}

void EventStream::OnCancel() {
  {
    MutexLock lock(&mutex_);
    client_left_ = true;
    // Otherwise somebody holds the stream, or will when the write has failed, and ends the call.
    if (state_ != State::kWaiting) return;
    state_ = State::kHeld;
  }
  End(ClientLeft());
}

void EventStream::OnWake() {
  {
    MutexLock lock(&mutex_);
    if (state_ == State::kArming) woken_ = true;
    if (state_ != State::kWaiting) return;
    state_ = State::kHeld;
  }
  SendNext();
}

bool EventStream::GoTo(State next) {
  MutexLock lock(&mutex_);
  if (client_left_) return false;
  state_ = next;
  return true;
}

void EventStream::SendNext() {
  // In this order: an end that comes after the look for the next event must not hide that event.
  const std::optional<absl::Status> end = watch_->EndStatus();
  if (messages_.done()) TakeNextEvent();
  if (!messages_.done()) {
    messages_.Next(&message_);
    if (!GoTo(State::kWriting)) return End(ClientLeft());
    StartWrite(&message_);
  } else if (end) {
    End(*end);
  } else {
    WaitForEvent();
  }
}

void EventStream::TakeNextEvent() {
  std::optional<jobs::Event> event = watch_->Next();
  if (!event) return;
  if (event->message.has_finished() && event->message.finished().has_error()) {
    // The jobs know codes and messages; the details belong to the API. With the last event there is a status.
    if (const std::optional<absl::Status> end = watch_->EndStatus()) {
      *event->message.mutable_finished()->mutable_error() = ToStatusProto(*end);
    }
  }
  messages_ = EventMessages(*std::move(event));
}

void EventStream::WaitForEvent() {
  if (!GoTo(State::kArming)) return End(ClientLeft());
  // The wake may come before this returns, on this thread or another; it leaves the stream to us then.
  watch_->Notify([this] { OnWake(); });
  bool has_left = false;
  {
    MutexLock lock(&mutex_);
    has_left = client_left_;
    if (!has_left && !woken_) {
      state_ = State::kWaiting;
      return;
    }
    woken_ = false;
    state_ = State::kHeld;
  }
  if (has_left) return End(ClientLeft());
  SendNext();
}

void EventStream::End(const absl::Status& status) {
  // First of all: it waits for a wake that is under way, and tells the jobs that this stream has ended.
  watch_ = nullptr;
  messages_ = EventMessages();
  Finish(ToGrpcStatus(status));
}

}  // namespace impasto::rpc
