// What happened to a job, in order, for a watcher that reads at its own pace.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "jobs/job.h"
#include "jobs/wake_thread.h"

namespace impasto::jobs {

// Thread-safe. Every event but previews is kept to the end of the log's life, so that losses are never left
// out however slow the watcher is: some 150 bytes a step, 15 MB for the longest job (100000 steps). Of
// previews only the newest is kept.
class EventLog : public std::enable_shared_from_this<EventLog> {
 public:
  // `wall_time` stamps the events.
  EventLog(std::shared_ptr<WakeThread> wakes, std::function<absl::Time()> wall_time);

  // Each gives the event its sequence number and time. Nothing is added to a log that has ended.
  void AddAccepted(v1::Accepted accepted);
  void AddProgress(v1::Progress progress);
  void AddPreview(v1::Preview preview, EncodedPicture picture);
  void AddResult(v1::Result result, EncodedPicture picture);
  // The end, with `finished` as the last event where there is one. Only the first call counts.
  void End(std::optional<v1::Finished> finished, absl::Status status);

  // As Job's.
  std::optional<Event> NextEvent(int64_t after) const;
  std::optional<absl::Status> EndStatus() const;
  void NotifyAfter(int64_t after, std::function<void()> wake);

 private:
  struct Entry {
    int64_t sequence;
    std::string message;  // serialised: a third of the message's size in memory
    std::shared_ptr<const EncodedPicture> picture;
  };

  static Event Parse(const Entry& entry);
  Entry MakeEntryLocked(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Add(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture);
  bool HasNewsLocked(int64_t after) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True where the caller has to post a wake-up, once the lock is gone.
  bool WantsWakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PostWake();
  void RunWake();

  const std::shared_ptr<WakeThread> wakes_;
  const std::function<absl::Time()> wall_time_;

  mutable Mutex mutex_;
  int64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);    // by sequence
  std::optional<Entry> preview_ ABSL_GUARDED_BY(mutex_);  // the newest
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);

  std::function<void()> wake_ ABSL_GUARDED_BY(mutex_);
  int64_t wake_after_ ABSL_GUARDED_BY(mutex_) = 0;
  bool wake_posted_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id waking_ ABSL_GUARDED_BY(mutex_);  // the thread that is in a wake-up, or none
  CondVar woken_;
};

}  // namespace impasto::jobs
