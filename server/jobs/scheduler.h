// Owns the device: prepares jobs on a few threads, then steps them one after another on one, first come first
// served.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "jobs/job.h"
#include "jobs/work.h"

namespace impasto::jobs {

struct SchedulerOptions {
  const Clock* clock = nullptr;  // required; outlives the scheduler
  int max_jobs = 64;             // waiting and running; each may hold a decoded picture
  int preparation_threads = 2;
  // One line per job at its end, and one where its previews can't be encoded. Called on one thread, outside
  // all locks. May be empty.
  std::function<void(const std::string& line)> log;
  // The time of day, for the events.
  std::function<absl::Time()> wall_time = absl::Now;
};

// Thread-safe. Destruction cancels what is left and waits for it. Jobs may outlive it.
//
// Of the jobs that are prepared, the one that was submitted first is stepped next, to its end. Pictures are
// encoded on a thread of their own while the device goes on.
class Scheduler {
 public:
  // INVALID_ARGUMENT: no clock, or a number below 1.
  static absl::StatusOr<std::unique_ptr<Scheduler>> Create(SchedulerOptions options);
  virtual ~Scheduler() = default;

  // Never blocks. RESOURCE_EXHAUSTED: max_jobs are there already; UNAVAILABLE: it is draining.
  virtual absl::StatusOr<std::shared_ptr<Job>> Submit(PrepareJob prepare) = 0;

  // Takes no new jobs; cancels all there are; returns when they have ended.
  virtual void Stop() = 0;
};

}  // namespace impasto::jobs
