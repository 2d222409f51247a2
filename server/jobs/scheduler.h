// Jobs: from a request to its result, over restarts. Prepares them on a few threads, steps them in turns on
// one, and keeps what happens to them in a journal.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "jobs/device_sharing.h"
#include "jobs/job.h"
#include "jobs/journal.h"
#include "jobs/work.h"

namespace impasto::jobs {

struct SchedulerOptions {
  // All required; they outlive the scheduler.
  const Clock* clock = nullptr;
  Journal* journal = nullptr;
  WorkFactory* factory = nullptr;

  // Whether what is in the journal is there after a restart. Then Stop leaves unfinished jobs in it, to be
  // taken up again; otherwise it cancels them.
  bool journal_lasts = true;
  int64_t memory_budget = std::numeric_limits<int64_t>::max();  // bytes, of all jobs together
  int max_jobs = 256;                                           // that haven't ended
  int max_jobs_per_client = 64;  // of these, so that one client can't keep all others out
  int max_ended_jobs = 10000;    // kept for their results; the oldest go first
  int preparation_threads = 2;
  double orphan_grace_seconds = 120;  // see v1::Job::STATE_ORPHANED
  double checkpoint_seconds = 30;     // between two checkpoints of a job
  double keep_results_seconds = 7 * 24 * 3600;
  int64_t keep_results_bytes = int64_t{4} << 30;
  // Jobs that don't fit into memory together take turns; this long at least, since each turn costs the time
  // of two or three steps. An interactive job doesn't wait for it.
  double swap_seconds = 10;
  DeviceSharing::Options sharing;
  // One line per job at its end, and one for whatever goes wrong. Called on one thread, outside all locks.
  // May be empty.
  std::function<void(const std::string& line)> log;
  // The time of day, for the events.
  std::function<absl::Time()> wall_time = absl::Now;
};

// Thread-safe. Watches may outlive it.
class Scheduler {
 public:
  // Reads the journal's jobs. INVALID_ARGUMENT: an option is missing, or a number below 1; else the journal's
  // errors.
  static absl::StatusOr<std::unique_ptr<Scheduler>> Create(SchedulerOptions options);
  // As Stop.
  virtual ~Scheduler() = default;

  // Unfinished jobs of the journal go on. Once, when the factory can make works.
  virtual void TakeUp() = 0;

  // Never blocks. With a request_id that the client has used before: a watch of that job. RESOURCE_EXHAUSTED:
  // max_jobs or max_jobs_per_client are there already; UNAVAILABLE: it is stopping; INVALID_ARGUMENT: the
  // request_id was another request's.
  virtual absl::StatusOr<std::unique_ptr<Watch>> Submit(std::shared_ptr<const v1::StylizeRequest> request,
                                                        const std::string& client) = 0;
  // May read the journal. NOT_FOUND: no such job; OUT_OF_RANGE: `after` isn't there yet.
  virtual absl::StatusOr<std::unique_ptr<Watch>> Attach(const std::string& name, int64_t after) = 0;

  // NOT_FOUND: no such job.
  virtual absl::StatusOr<v1::Job> Get(const std::string& name) = 0;
  virtual std::vector<v1::Job> List() = 0;  // in no order
  // Fine for a job that has ended.
  virtual absl::StatusOr<v1::Job> Cancel(const std::string& name) = 0;
  // FAILED_PRECONDITION: it has ended. A job that couldn't be taken up is tried again by Resume.
  virtual absl::StatusOr<v1::Job> Pause(const std::string& name) = 0;
  virtual absl::StatusOr<v1::Job> Resume(const std::string& name) = 0;
  // The fields of the mask, all of which can be updated. `done` is called once, on any thread, maybe before
  // this returns: when the change is in the journal.
  virtual void Update(const v1::UpdateJobRequest& request,
                      std::function<void(absl::StatusOr<v1::Job>)> done) = 0;
  // FAILED_PRECONDITION: it hasn't ended. Takes the journal's time.
  virtual absl::Status Delete(const std::string& name) = 0;

  // What is due: orphans whose grace is over, results that are too old, a journal to be tried again. To be
  // called about once a second.
  virtual void Housekeep() = 0;

  // Takes no new jobs from here on. Fine to call twice.
  virtual void Close() = 0;
  // Takes no new jobs, gives interactive ones that somebody watches up to `seconds` to end, and sets all
  // others aside. Hurry ends the wait.
  virtual void Drain(double seconds) = 0;
  virtual void Hurry() = 0;
  // Takes no new jobs, and returns when no job is stepped any more, and all that can be is in the journal.
  // Streams of unfinished jobs end with UNAVAILABLE where they will be taken up again, else with CANCELLED.
  // Fine to call twice.
  virtual void Stop() = 0;
};

}  // namespace impasto::jobs
