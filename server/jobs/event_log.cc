#include "jobs/event_log.h"

#include <algorithm>
#include <utility>

namespace impasto::jobs {

EventLog::EventLog(std::shared_ptr<WakeThread> wakes, std::function<absl::Time()> wall_time)
    : wakes_(std::move(wakes)), wall_time_(std::move(wall_time)) {}

EventLog::Entry EventLog::MakeEntryLocked(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture) {
  event.set_sequence(++last_sequence_);
  const absl::Time now = wall_time_();
  const int64_t seconds = absl::ToUnixSeconds(now);
  event.mutable_time()->set_seconds(seconds);
  event.mutable_time()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(now - absl::FromUnixSeconds(seconds))));
  return {event.sequence(), event.SerializeAsString(), std::move(picture)};
}

void EventLog::Add(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture) {
  std::optional<Entry> superseded;  // freed after the lock: it may hold the last reference to a picture
  bool wants_wake = false;
  {
    MutexLock lock(&mutex_);
    if (end_) return;
    const bool is_preview = event.has_preview();
    Entry entry = MakeEntryLocked(std::move(event), std::move(picture));
    if (is_preview) {
      superseded = std::exchange(preview_, std::move(entry));
    } else {
      entries_.push_back(std::move(entry));
    }
    wants_wake = WantsWakeLocked();
  }
  if (wants_wake) PostWake();
}

void EventLog::AddAccepted(v1::Accepted accepted) {
  v1::JobEvent event;
  *event.mutable_accepted() = std::move(accepted);
  Add(std::move(event), nullptr);
}

void EventLog::AddProgress(v1::Progress progress) {
  v1::JobEvent event;
  *event.mutable_progress() = std::move(progress);
  Add(std::move(event), nullptr);
}

void EventLog::AddPreview(v1::Preview preview, EncodedPicture picture) {
  v1::JobEvent event;
  *event.mutable_preview() = std::move(preview);
  Add(std::move(event), std::make_shared<const EncodedPicture>(std::move(picture)));
}

void EventLog::AddResult(v1::Result result, EncodedPicture picture) {
  v1::JobEvent event;
  *event.mutable_result() = std::move(result);
  Add(std::move(event), std::make_shared<const EncodedPicture>(std::move(picture)));
}

void EventLog::End(std::optional<v1::Finished> finished, absl::Status status) {
  bool wants_wake = false;
  {
    MutexLock lock(&mutex_);
    if (end_) return;
    if (finished) {
      v1::JobEvent event;
      *event.mutable_finished() = std::move(*finished);
      entries_.push_back(MakeEntryLocked(std::move(event), nullptr));
    }
    end_ = std::move(status);
    wants_wake = WantsWakeLocked();
  }
  if (wants_wake) PostWake();
}

Event EventLog::Parse(const Entry& entry) {
  Event event;
  event.message.ParseFromString(entry.message);
  event.picture = entry.picture;
  return event;
}

std::optional<Event> EventLog::NextEvent(int64_t after) const {
  MutexLock lock(&mutex_);
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), after,
                       [](int64_t sequence, const Entry& entry) { return sequence < entry.sequence; });
  const bool has_preview = preview_ && preview_->sequence > after;
  if (next == entries_.end()) return has_preview ? std::make_optional(Parse(*preview_)) : std::nullopt;
  return Parse(has_preview && preview_->sequence < next->sequence ? *preview_ : *next);
}

std::optional<absl::Status> EventLog::EndStatus() const {
  MutexLock lock(&mutex_);
  return end_;
}

bool EventLog::HasNewsLocked(int64_t after) const { return end_ || last_sequence_ > after; }

bool EventLog::WantsWakeLocked() {
  if (!wake_ || wake_posted_ || !HasNewsLocked(wake_after_)) return false;
  wake_posted_ = true;
  return true;
}

void EventLog::NotifyAfter(int64_t after, std::function<void()> wake) {
  bool wants_wake = false;
  {
    MutexLock lock(&mutex_);
    wake_.swap(wake);
    wake_after_ = after;
    if (!wake_) {
      // Taken back from inside the call itself, there is nothing to wait for.
      while (waking_ != std::thread::id() && waking_ != std::this_thread::get_id()) woken_.Wait(&mutex_);
      return;
    }
    wants_wake = WantsWakeLocked();
  }
  if (wants_wake) PostWake();
}

void EventLog::PostWake() {
  wakes_->Post([self = shared_from_this()] { self->RunWake(); });
}

void EventLog::RunWake() {
  std::function<void()> wake;
  {
    MutexLock lock(&mutex_);
    wake_posted_ = false;
    if (!wake_ || !HasNewsLocked(wake_after_)) return;
    wake.swap(wake_);
    waking_ = std::this_thread::get_id();
  }
  wake();
  MutexLock lock(&mutex_);
  waking_ = std::thread::id();
  woken_.NotifyAll();
}

}  // namespace impasto::jobs
