// Writes down what happens to jobs, on a thread of its own: many changes go into one commit, so that a disk
// that takes its time slows nobody down.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "jobs/event_log.h"
#include "jobs/journal.h"

namespace impasto::jobs {

// What the recorder asks a job for.
class Recorded {
 public:
  virtual ~Recorded() = default;
  virtual const std::string& name() const = 0;
  virtual EventLog& log() = 0;
  // Adds the job as it is and its events that the journal doesn't have, of one moment: a job that has ended
  // comes with its last event. True: there are more events.
  virtual bool Collect(Journal::Batch* batch) = 0;
};

// Thread-safe. While the journal fails, watchers see events all the same, and what has to be written is tried
// again.
class Recorder {
 public:
  // `journal` outlives the recorder. `log`: lines for people, when the journal begins to fail and when it is
  // fine again; may be empty.
  Recorder(Journal* journal, std::function<void(const std::string& line)> log);
  ~Recorder() { Stop(); }

  // The job has changed. `urgent`: somebody waits for it to be on disk; else it may wait for a moment.
  // `done` is called once, on the recorder's thread, when everything up to now is on disk; or with a
  // commit's error.
  void Touch(const std::shared_ptr<Recorded>& job, bool urgent,
             std::function<void(const absl::Status&)> done = nullptr);

  // Commits what is there, and returns when it is done or has failed. The last commit's status. Not after
  // Stop.
  absl::Status Flush();
  // Tries a failed commit once more. Called now and then.
  void Retry();
  // The last commit failed with this.
  absl::Status health();

  // Commits what is there, then ends the thread. Fine to call twice; Touch isn't, after it.
  void Stop();

 private:
  using Done = std::function<void(const absl::Status&)>;
  struct Round {
    std::map<std::string, std::shared_ptr<Recorded>> jobs;
    std::vector<Done> done;
    bool empty() const { return jobs.empty() && done.empty(); }
  };

  void Loop();
  void Commit(Round round);

  // Losses of quick steps share a commit: 20 of these a second at most.
  static constexpr std::chrono::milliseconds kPause{50};

  Journal* const journal_;
  const std::function<void(const std::string&)> log_;
  Mutex mutex_;
  CondVar changed_;
  CondVar committed_;
  Round next_ ABSL_GUARDED_BY(mutex_);
  // Jobs of commits that failed: with the next one, or at Retry.
  std::map<std::string, std::shared_ptr<Recorded>> failed_ ABSL_GUARDED_BY(mutex_);
  bool urgent_ ABSL_GUARDED_BY(mutex_) = false;
  bool committing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace impasto::jobs
