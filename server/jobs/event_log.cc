#include "jobs/event_log.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "jobs/proto_times.h"

namespace impasto::jobs {
namespace {

// More previews than a job makes between two commits of the journal, by far.
constexpr int64_t kRestartGap = 1'000'000;

}  // namespace

// Guarded by the log's mutex, but for what Next alone touches.
class EventLog::WatchImpl final : public Watch, public std::enable_shared_from_this<WatchImpl> {
 public:
  WatchImpl(std::shared_ptr<EventLog> log, std::string job, int64_t after)
      : log_(std::move(log)), job_(std::move(job)), after_(after) {}

  const std::string& job_name() const override { return job_; }

  std::optional<Event> Next() override {
    MutexLock lock(&log_->mutex_);
    const Entry* entry = log_->FindLocked(after_);
    if (entry == nullptr) return std::nullopt;
    after_ = entry->sequence;
    return Parse(*entry);
  }

  std::optional<absl::Status> EndStatus() const override {
    MutexLock lock(&log_->mutex_);
    return log_->EndVisibleLocked() ? log_->end_ : std::nullopt;
  }

  void Notify(std::function<void()> wake) override {
    Due due;
    {
      MutexLock lock(&log_->mutex_);
      wake_.swap(wake);
      if (wake_ && WantsWake()) due.push_back(shared_from_this());
      if (!wake_) WaitUntilWoken();
    }
    log_->Post(due);
  }

  // The log's mutex is held, here and in HasNews. Clang can't tell that it is the one that callers hold.
  void WaitUntilWoken() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    // Taken back from inside the call itself, there is nothing to wait for.
    while (waking_ != std::thread::id() && waking_ != std::this_thread::get_id()) woken_.Wait(&log_->mutex_);
  }

  void Enter() {
    MutexLock lock(&log_->mutex_);
    log_->watches_.insert(this);
  }
  void Leave() {
    Notify(nullptr);
    MutexLock lock(&log_->mutex_);
    log_->watches_.erase(this);
  }

  // The log's mutex is held. True: the caller has to post it.
  bool WantsWake() {
    if (!wake_ || wake_posted_ || !HasNews()) return false;
    wake_posted_ = true;
    return true;
  }

  void RunWake() {
    std::function<void()> wake;
    {
      MutexLock lock(&log_->mutex_);
      wake_posted_ = false;
      // What it was posted for may be read by now, and this wake-up be one for later.
      if (!wake_ || !HasNews()) return;
      wake.swap(wake_);
      waking_ = std::this_thread::get_id();
    }
    wake();
    MutexLock lock(&log_->mutex_);
    waking_ = std::thread::id();
    woken_.NotifyAll();
  }

 private:
  bool HasNews() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return (log_->end_ && log_->EndVisibleLocked()) || log_->FindLocked(after_) != nullptr;
  }

  const std::shared_ptr<EventLog> log_;
  const std::string job_;
  int64_t after_;
  std::function<void()> wake_;
  bool wake_posted_ = false;
  std::thread::id waking_;  // the thread that is in a wake-up, or none
  CondVar woken_;
};

EventLog::EventLog(std::shared_ptr<WakeThread> wakes, std::function<absl::Time()> wall_time)
    : wakes_(std::move(wakes)), wall_time_(std::move(wall_time)) {}

void EventLog::Restore(const std::vector<std::string>& messages,
                       const std::shared_ptr<const EncodedPicture>& result) {
  MutexLock lock(&mutex_);
  for (const std::string& message : messages) {
    v1::JobEvent event;
    if (!event.ParseFromString(message)) continue;
    last_sequence_ = std::max(last_sequence_, event.sequence());
    if (event.has_progress()) last_iteration_ = std::max(last_iteration_, event.progress().iteration());
    if (event.has_changed()) ++changes_;
    if (event.has_result() && result == nullptr) continue;
    entries_.push_back({event.sequence(), message, event.has_result() ? result : nullptr});
  }
  journaled_ = entries_.size();
  if (last_sequence_ > 0) last_sequence_ += kRestartGap;
}

void EventLog::Add(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture) {
  std::optional<Entry> superseded;  // freed after the lock: it may hold the last reference to a picture
  const absl::Time now = wall_time_();
  Due due;
  {
    MutexLock lock(&mutex_);
    superseded = AddLocked(std::move(event), std::move(picture), now);
    due = DueLocked();
  }
  Post(due);
}

std::optional<EventLog::Entry> EventLog::AddLocked(v1::JobEvent event,
                                                   std::shared_ptr<const EncodedPicture> picture,
                                                   absl::Time now) {
  if (end_) return std::nullopt;
  if (event.has_progress()) {
    if (event.progress().iteration() <= last_iteration_) return std::nullopt;
    last_iteration_ = event.progress().iteration();
  }
  if (event.has_changed()) ++changes_;
  event.set_sequence(++last_sequence_);
  *event.mutable_time() = ToTimestamp(now);
  Entry entry{event.sequence(), event.SerializeAsString(), std::move(picture)};
  if (event.has_preview()) return std::exchange(preview_, std::move(entry));
  entries_.push_back(std::move(entry));
  return std::nullopt;
}

void EventLog::End(absl::Status status, v1::JobEvent last) {
  const absl::Time now = wall_time_();
  Due due;
  {
    MutexLock lock(&mutex_);
    if (end_) return;
    if (last.event_case() != v1::JobEvent::EVENT_NOT_SET) AddLocked(std::move(last), nullptr, now);
    end_ = std::move(status);
    due = DueLocked();
  }
  Post(due);
}

int64_t EventLog::last_sequence() const {
  MutexLock lock(&mutex_);
  return last_sequence_;
}

int64_t EventLog::last_kept_sequence() const {
  MutexLock lock(&mutex_);
  return entries_.empty() ? 0 : entries_.back().sequence;
}

int EventLog::changes() const {
  MutexLock lock(&mutex_);
  return changes_;
}

std::vector<JournalEvent> EventLog::Unjournaled(const std::string& job, size_t limit) const {
  MutexLock lock(&mutex_);
  std::vector<JournalEvent> events;
  const size_t end = std::min(entries_.size(), journaled_ + limit);
  for (size_t i = journaled_; i < end; ++i) {
    events.push_back({.job = job, .sequence = entries_[i].sequence, .message = entries_[i].message});
  }
  return events;
}

void EventLog::MarkJournaled(int64_t sequence) {
  Due due;
  {
    MutexLock lock(&mutex_);
    while (journaled_ < entries_.size() && entries_[journaled_].sequence <= sequence) ++journaled_;
    if (journaled_ == entries_.size()) show_all_ = false;
    due = DueLocked();
  }
  Post(due);
}

void EventLog::ShowUnjournaled() {
  Due due;
  {
    MutexLock lock(&mutex_);
    show_all_ = true;
    due = DueLocked();
  }
  Post(due);
}

bool EventLog::fully_journaled() const {
  MutexLock lock(&mutex_);
  return journaled_ == entries_.size();
}

std::unique_ptr<Watch> EventLog::MakeWatch(const std::string& job, int64_t after,
                                           std::function<void()> on_gone) {
  // The wake thread may still hold the watch for a moment when its owner has let go.
  class Handle final : public Watch {
   public:
    Handle(std::shared_ptr<WatchImpl> watch, std::function<void()> on_gone)
        : watch_(std::move(watch)), on_gone_(std::move(on_gone)) {
      watch_->Enter();
    }
    ~Handle() override {
      watch_->Leave();
      if (on_gone_) on_gone_();
    }
    const std::string& job_name() const override { return watch_->job_name(); }
    std::optional<Event> Next() override { return watch_->Next(); }
    std::optional<absl::Status> EndStatus() const override { return watch_->EndStatus(); }
    void Notify(std::function<void()> wake) override { watch_->Notify(std::move(wake)); }

   private:
    const std::shared_ptr<WatchImpl> watch_;
    const std::function<void()> on_gone_;
  };
  return std::make_unique<Handle>(std::make_shared<WatchImpl>(shared_from_this(), job, after),
                                  std::move(on_gone));
}

Event EventLog::Parse(const Entry& entry) {
  Event event;
  event.message.ParseFromString(entry.message);
  event.picture = entry.picture;
  return event;
}

const EventLog::Entry* EventLog::FindLocked(int64_t after) const {
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), after,
                       [](int64_t sequence, const Entry& entry) { return sequence < entry.sequence; });
  const Entry* first = next == entries_.end() ? nullptr : &*next;
  if (preview_ && preview_->sequence > after && (first == nullptr || preview_->sequence < first->sequence)) {
    first = &*preview_;
  }
  return first != nullptr && first->sequence <= LastVisibleLocked() ? first : nullptr;
}

int64_t EventLog::LastVisibleLocked() const {
  // A preview can be seen when all that came before it can.
  if (show_all_ || journaled_ == entries_.size()) return last_sequence_;
  return entries_[journaled_].sequence - 1;
}

bool EventLog::EndVisibleLocked() const { return show_all_ || journaled_ == entries_.size(); }

EventLog::Due EventLog::DueLocked() {
  Due due;
  for (WatchImpl* watch : watches_) {
    if (watch->WantsWake()) due.push_back(watch->shared_from_this());
  }
  return due;
}

void EventLog::Post(const Due& due) {
  for (const std::shared_ptr<WatchImpl>& watch : due) {
    wakes_->Post([watch] { watch->RunWake(); });
  }
}

}  // namespace impasto::jobs
