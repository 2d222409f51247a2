// What happened to a job, in order, for any number of watchers that read at their own pace.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "jobs/job.h"
#include "jobs/journal.h"
#include "jobs/wake_thread.h"

namespace impasto::jobs {

// Thread-safe. Every event but previews is kept to the end of the log's life, so that losses are never left
// out however slow a watcher is: some 150 bytes a step, 15 MB for the longest job (100000 steps). Of previews
// only the newest is kept.
//
// Watchers see an event once the journal has it, so that none of them ever knows more than the server would
// after a restart.
class EventLog : public std::enable_shared_from_this<EventLog> {
 public:
  // `wall_time` stamps the events.
  EventLog(std::shared_ptr<WakeThread> wakes, std::function<absl::Time()> wall_time);

  // Takes in what the journal has, before anything is added. Numbers go on far above the last: a watcher may
  // have seen previews that the journal doesn't know, and their numbers aren't given twice. `result`: the
  // picture of the result event, which is left out without one.
  void Restore(const std::vector<std::string>& messages, const std::shared_ptr<const EncodedPicture>& result);

  // Gives the event its sequence number and time. Nothing is added to a log that has ended. Losses of an
  // evaluation that is in the log are left out: a job that goes on from a checkpoint makes them again.
  void Add(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture = nullptr);
  // The end, with `last` as the last event where it is one: at once, so that nobody sees the one without the
  // other. Only the first call counts.
  void End(absl::Status status, v1::JobEvent last = {});

  // Of the latest event; 0: there is none.
  int64_t last_sequence() const;
  // The same, previews left out.
  int64_t last_kept_sequence() const;
  // Events that tell of a change of the recipe.
  int changes() const;

  // What the journal doesn't have yet, at most `limit`, in order.
  std::vector<JournalEvent> Unjournaled(const std::string& job, size_t limit) const;
  // The journal has all events up to `sequence`.
  void MarkJournaled(int64_t sequence);
  // The journal fails: watchers see all that there is and, until MarkJournaled, all that comes.
  void ShowUnjournaled();
  bool fully_journaled() const;

  // A watcher from the event after `after` on. `on_gone` is called once, when it is destroyed.
  std::unique_ptr<Watch> MakeWatch(const std::string& job, int64_t after, std::function<void()> on_gone);

 private:
  class WatchImpl;
  struct Entry {
    int64_t sequence;
    std::string message;  // serialised: a third of the message's size in memory
    std::shared_ptr<const EncodedPicture> picture;
  };

  static Event Parse(const Entry& entry);
  // What it supersedes.
  std::optional<Entry> AddLocked(v1::JobEvent event, std::shared_ptr<const EncodedPicture> picture,
                                 absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The first event after `after` that can be seen, or null.
  const Entry* FindLocked(int64_t after) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool EndVisibleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t LastVisibleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The watchers that are to be woken, to be posted once the lock is gone.
  using Due = std::vector<std::shared_ptr<WatchImpl>>;
  Due DueLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Post(const Due& due);

  const std::shared_ptr<WakeThread> wakes_;
  const std::function<absl::Time()> wall_time_;

  mutable Mutex mutex_;
  int64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  int last_iteration_ ABSL_GUARDED_BY(mutex_) = 0;  // of a progress event
  int changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);    // by sequence
  std::optional<Entry> preview_ ABSL_GUARDED_BY(mutex_);  // the newest
  size_t journaled_ ABSL_GUARDED_BY(mutex_) = 0;          // of entries_, the first so many
  bool show_all_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::set<WatchImpl*> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace impasto::jobs
