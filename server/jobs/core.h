// The scheduler's inside: what its parts share. Of jobs/'s own files alone.
#pragma once

#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "jobs/device_sharing.h"
#include "jobs/event_log.h"
#include "jobs/memory_ledger.h"
#include "jobs/picture_queue.h"
#include "jobs/recorder.h"
#include "jobs/scheduler.h"
#include "jobs/step_timer.h"
#include "jobs/wake_thread.h"

namespace impasto::jobs {

// The libraries behind a work throw where memory runs out. That must end the job, not the server.
template <typename F>
auto Guarded(F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        "the server's memory is not enough for this job: try a smaller max_size");
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

enum class Stage {
  kToPrepare,  // for the first time; or again: after a restart, or when its pictures had no room in memory
  kPreparing,
  kLoaded,    // has a work
  kEncoding,  // the device is done with it; its result is taken, waits or is being encoded
  kEnded,     // the end is in the log
};

struct PendingUpdate {
  v1::UpdateJobRequest request;
  std::function<void(absl::StatusOr<v1::Job>)> done;
};

// All of it is guarded by Core::mutex, but for what `work` points to: that is the device thread's.
struct JobState {
  Stage stage = Stage::kToPrepare;
  v1::Job job;                                        // as GetJob shows it
  std::string digest;                                 // of the request
  std::shared_ptr<const v1::StylizeRequest> request;  // until it is prepared
  bool queued = false;                                // for preparation
  bool accepted = false;
  bool in_journal = false;  // its request is: it can be prepared again
  std::unique_ptr<Work> work;
  MemoryNeed need;
  std::string summary;

  absl::Status interruption;  // not OK: no more steps
  bool paused = false;
  bool orphaned = false;
  double orphan_deadline = 0;
  int watchers = 0;
  std::vector<PendingUpdate> updates;
  // By its work. After a restart it may be behind job.iteration(), which is what the journal knows of.
  int steps_made = 0;

  StepTimer timer;
  int evaluations = 0;  // made so far, those before a restart among them
  double device_seconds = 0;
  int previewed_iteration = 0;  // steps behind the newest preview
  double previewed_time = 0;
  double checkpoint_time = 0;
  bool checkpoint_wanted = false;
  bool checkpointing = false;  // one is being written
  int tried_checkpoint = -1;   // steps behind the latest one, written or not
  int checkpoint = -1;         // steps behind the one on disk
  double waits_for_room_since = 0;
  // Its result is encoded but isn't on disk.
  std::shared_ptr<const EncodedPicture> unsaved_result;
};

struct Core;

// A job that hasn't ended, or whose end isn't on disk yet.
class LiveJob final : public Recorded {
 public:
  LiveJob(Core* core, int64_t id, std::string name);

  const std::string& name() const override { return name_; }
  EventLog& log() override { return *log_; }
  bool Collect(Journal::Batch* batch) override;
  int64_t id() const { return id_; }
  const std::shared_ptr<EventLog>& shared_log() const { return log_; }

 private:
  friend struct Core;
  Core* const core_;
  const int64_t id_;  // in order of submission
  const std::string name_;
  const std::shared_ptr<EventLog> log_;
  JobState state_;  // Core::StateOf is the way to it
};
using JobPtr = std::shared_ptr<LiveJob>;

// A job that has ended: the journal has the rest.
struct EndedJob {
  v1::Job job;
  std::string digest;
  int64_t file_bytes = -1;      // not asked for yet
  std::weak_ptr<EventLog> log;  // for the watchers that it has now
};

// How a watch that goes finds the core, which it may outlive.
struct CoreLink {
  Mutex mutex;  // taken before the core's
  Core* core ABSL_GUARDED_BY(mutex) = nullptr;
};

// One lock for all states: they change rarely, and together. Functions that have to hold it say so; the
// others are called without it.
struct Core {
  explicit Core(SchedulerOptions options);

  const SchedulerOptions options;
  const std::shared_ptr<CoreLink> link;
  const std::shared_ptr<WakeThread> wakes;
  Recorder recorder;
  WakeThread files;  // writes checkpoints, one after another
  PictureQueue pictures;

  Mutex mutex;  // taken before an event log's, and before those of the queues above
  CondVar prepare_changed;
  CondVar device_changed;
  CondVar idle;  // a job has left, or the device has stopped

  int64_t next_id ABSL_GUARDED_BY(mutex) = 1;
  std::map<std::string, JobPtr> live ABSL_GUARDED_BY(mutex);
  std::map<int64_t, JobPtr> by_id ABSL_GUARDED_BY(mutex);  // the live ones
  std::map<std::string, EndedJob> ended ABSL_GUARDED_BY(mutex);
  // Names of jobs by client and request_id.
  std::map<std::pair<std::string, std::string>, std::string> requests ABSL_GUARDED_BY(mutex);
  std::deque<JobPtr> to_prepare ABSL_GUARDED_BY(mutex);
  DeviceSharing sharing ABSL_GUARDED_BY(mutex);
  MemoryLedger ledger ABSL_GUARDED_BY(mutex);
  double last_swap ABSL_GUARDED_BY(mutex) = -1e300;
  JobPtr on_device ABSL_GUARDED_BY(mutex);

  bool taken_up ABSL_GUARDED_BY(mutex) = false;  // the journal's jobs may be prepared
  bool stopping ABSL_GUARDED_BY(mutex) = false;  // no new jobs
  bool draining ABSL_GUARDED_BY(mutex) = false;  // only interactive jobs that are watched are stepped
  bool halted ABSL_GUARDED_BY(mutex) = false;    // nothing is stepped
  bool hurried ABSL_GUARDED_BY(mutex) = false;
  bool quitting ABSL_GUARDED_BY(mutex) = false;  // the threads end

  static JobState& Unguarded(LiveJob& job) { return job.state_; }
  JobState& StateOf(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return Unguarded(job); }

  // lifecycle.cc
  // Makes the job's own `state` and its claim to the device what the rest of its state says. True where the
  // state has changed.
  bool Refresh(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // An event that tells of the job's state.
  void Tell(const JobPtr& job, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Refresh, and Tell where the state has changed.
  void Announce(const JobPtr& job, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Cancel(const JobPtr& job, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Puts the end into the job's log; nothing where it has ended before.
  void End(const JobPtr& job, v1::Finished::State state, absl::Status status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Answers updates that won't be made.
  void RefuseUpdates(JobState& state, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Forgets a live job whose end the journal has.
  void ArchiveIfWritten(const JobPtr& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Makes it an orphan, or not one any more, as its watchers and `detached` say.
  void Orphan(const JobPtr& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Attached(const JobPtr& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Detached(const std::string& name);
  bool SaveResult(const std::string& name, const EncodedPicture& picture);
  std::unique_ptr<Watch> MakeWatch(const JobPtr& job, int64_t after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  v1::Job Snapshot(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Log(std::string line);

  // preparation.cc
  void QueuePreparation(const JobPtr& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Prepares jobs that had no room in memory, as far as there is room now, the oldest first.
  void LoadWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool WaitsForRoom(const JobState& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // It has waited so long that later ones, but for interactive ones, mustn't take its room any more.
  bool IsOverdue(const JobState& state);
  bool MayLoad(LiveJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void PrepareLoop();
  void PrepareNew(const JobPtr& job, std::shared_ptr<const v1::StylizeRequest> request);
  void PrepareAgain(const JobPtr& job, v1::Job previous);
  void Accept(const JobPtr& job, PreparedJob prepared, const absl::Status& kept);

  // device.cc
  enum class Task { kNone, kFinish, kUpdate, kCheckpoint, kUnload, kTurn };
  void DeviceLoop();
  Task NextTask(JobPtr* job, std::vector<JobPtr>* set_aside) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  std::vector<JobPtr> Residents(LiveJob& but) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool MayHaveTurn(LiveJob& job, double now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Turn(const JobPtr& job);
  void AfterStep(const JobPtr& job, v1::Progress progress, int steps_before, double seconds);
  // Changes of the recipe that are in force after so many steps and that no event tells of yet.
  void TellChanges(const JobPtr& job, int steps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void PreviewIfDue(const JobPtr& job);
  void ApplyUpdates(const JobPtr& job);
  void Checkpoint(const JobPtr& job);
  // Gives up a job's work and pictures for those that wait for room. It goes on from its checkpoint.
  void Unload(const JobPtr& job);
  // No more steps: takes the result and frees the work. `status`: how the steps went.
  void Finish(const JobPtr& job, const absl::Status& status);
  void EncodePreview(const JobPtr& job, const PictureMaker& maker, int iteration);
  void EncodeResult(const JobPtr& job, const PictureMaker& maker, v1::Result result,
                    const absl::Status& status);
};

bool IsEnded(v1::Job::State state);

}  // namespace impasto::jobs
