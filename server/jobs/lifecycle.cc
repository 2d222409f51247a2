// How jobs come to wait, go on and end.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "jobs/core.h"
#include "jobs/proto_times.h"
#include "jobs/result_file.h"

namespace impasto::jobs {
namespace {

const char* StateWord(v1::Finished::State state) {
  switch (state) {
    case v1::Finished::STATE_SUCCEEDED:
      return "succeeded";
    case v1::Finished::STATE_CANCELLED:
      return "cancelled";
    default:
      return "failed";
  }
}

v1::Job::State JobStateOf(v1::Finished::State state) {
  switch (state) {
    case v1::Finished::STATE_SUCCEEDED:
      return v1::Job::STATE_SUCCEEDED;
    case v1::Finished::STATE_CANCELLED:
      return v1::Job::STATE_CANCELLED;
    default:
      return v1::Job::STATE_FAILED;
  }
}

// Few would fit into a commit that takes long.
constexpr size_t kEventsPerCommit = 2000;

}  // namespace

bool IsEnded(v1::Job::State state) {
  return state == v1::Job::STATE_SUCCEEDED || state == v1::Job::STATE_CANCELLED ||
         state == v1::Job::STATE_FAILED;
}

Core::Core(SchedulerOptions the_options)
    : options(std::move(the_options)),
      link(std::make_shared<CoreLink>()),
      wakes(std::make_shared<WakeThread>()),
      recorder(options.journal, [this](const std::string& line) { Log(line); }),
      sharing(options.sharing),
      ledger(options.memory_budget) {
  MutexLock lock(&link->mutex);
  link->core = this;
}

LiveJob::LiveJob(Core* core, int64_t id, std::string name)
    : core_(core),
      id_(id),
      name_(std::move(name)),
      log_(std::make_shared<EventLog>(core->wakes, core->options.wall_time)) {}

bool LiveJob::Collect(Journal::Batch* batch) {
  MutexLock lock(&core_->mutex);
  JobState& state = core_->StateOf(*this);
  // A job that was refused leaves nothing behind, and one that was deleted doesn't come back.
  if (!state.accepted || core_->live.count(name_) == 0) return false;
  std::vector<JournalEvent> events = log_->Unjournaled(name_, kEventsPerCommit);
  const bool more = !events.empty() && events.back().sequence < log_->last_kept_sequence();
  JobRecord record{.job = core_->Snapshot(*this), .request_digest = state.digest};
  // An end without its last event would be none: after a restart the job would have nothing more to say.
  if (more && IsEnded(record.job.state())) record.job.set_state(v1::Job::STATE_RUNNING);
  batch->jobs.push_back(std::move(record));
  std::move(events.begin(), events.end(), std::back_inserter(batch->events));
  return more;
}

v1::Job Core::Snapshot(LiveJob& job) {
  JobState& state = StateOf(job);
  v1::Job snapshot = state.job;
  snapshot.set_last_event(job.log_->last_kept_sequence());
  snapshot.set_watchers(state.watchers);
  return snapshot;
}

bool Core::Refresh(LiveJob& job) {
  JobState& state = StateOf(job);
  if (state.stage == Stage::kEnded) return false;
  const v1::Job::State before = state.job.state();
  if (state.paused) {
    state.job.set_state(v1::Job::STATE_PAUSED);
  } else if (state.orphaned) {
    state.job.set_state(v1::Job::STATE_ORPHANED);
  } else if (!state.accepted) {
    state.job.set_state(v1::Job::STATE_PREPARING);
  } else {
    state.job.set_state(state.job.has_start_time() ? v1::Job::STATE_RUNNING : v1::Job::STATE_WAITING);
  }
  if (!state.orphaned) state.job.clear_expire_time();

  const bool interactive = state.job.priority() == v1::PRIORITY_INTERACTIVE && state.watchers > 0;
  // Whoever changes it waits until it has made again what the journal knows of, also where it stands still.
  const bool catches_up = !state.updates.empty() && state.steps_made < state.job.iteration();
  const bool wants_device = state.stage == Stage::kLoaded &&
                            (catches_up || (!state.paused && !state.orphaned)) && state.interruption.ok() &&
                            (!draining || interactive);
  if (wants_device && !sharing.Has(job.id_)) {
    sharing.Add(job.id_, state.job.priority(), state.job.client(), options.clock->NowSeconds());
  } else if (!wants_device) {
    sharing.Remove(job.id_);
  }
  device_changed.NotifyAll();
  idle.NotifyAll();
  return state.job.state() != before;
}

void Core::Tell(const JobPtr& job, const std::string& reason) {
  const JobState& state = StateOf(*job);
  v1::JobEvent event;
  event.mutable_state_changed()->set_state(state.job.state());
  event.mutable_state_changed()->set_iteration(state.job.iteration());
  event.mutable_state_changed()->set_reason(reason);
  job->log_->Add(std::move(event));
  recorder.Touch(job, /*urgent=*/true);
}

void Core::Announce(const JobPtr& job, const std::string& reason) {
  // Before anything else its watchers hear that it is accepted.
  if (Refresh(*job) && StateOf(*job).accepted) Tell(job, reason);
}

void Core::RefuseUpdates(JobState& state, const absl::Status& status) {
  for (PendingUpdate& update : state.updates) {
    wakes->Post([done = std::move(update.done), status] { done(status); });
  }
  state.updates.clear();
}

void Core::Cancel(const JobPtr& job, const absl::Status& status) {
  JobState& state = StateOf(*job);
  switch (state.stage) {
    case Stage::kToPrepare: {
      if (state.accepted && state.job.iteration() > 0 && taken_up && !stopping) {
        // Its best picture so far is in its checkpoint.
        if (state.interruption.ok()) state.interruption = status;
        QueuePreparation(job);
        return;
      }
      const auto queued = std::find(to_prepare.begin(), to_prepare.end(), job);
      if (queued != to_prepare.end()) to_prepare.erase(queued);
      state.request = nullptr;
      End(job, v1::Finished::STATE_CANCELLED, status);
      return;
    }
    case Stage::kLoaded:
      // The device thread ends it, between two steps, with the best picture so far.
      if (state.interruption.ok()) state.interruption = status;
      Refresh(*job);
      return;
    case Stage::kPreparing:
    case Stage::kEncoding:
      // Whoever holds it finds it ended and drops what it has.
      End(job, v1::Finished::STATE_CANCELLED, status);
      return;
    case Stage::kEnded:
      return;
  }
}

void Core::End(const JobPtr& job, v1::Finished::State end, absl::Status status) {
  JobState& state = StateOf(*job);
  if (state.stage == Stage::kEnded) return;
  state.stage = Stage::kEnded;
  sharing.Remove(job->id_);
  ledger.Unload(job->id_);
  const absl::Time now = options.wall_time();
  state.job.set_state(JobStateOf(end));
  *state.job.mutable_end_time() = ToTimestamp(now);
  *state.job.mutable_expire_time() = ToTimestamp(now + absl::Seconds(options.keep_results_seconds));
  state.job.clear_remaining();
  if (end == v1::Finished::STATE_FAILED) {
    state.job.mutable_error()->set_code(static_cast<int>(status.code()));
    state.job.mutable_error()->set_message(std::string(status.message()));
  }

  std::string line = job->name_;
  if (!state.summary.empty()) absl::StrAppend(&line, ": ", state.summary);
  absl::StrAppend(&line, ": ",
                  end == v1::Finished::STATE_FAILED && !state.accepted ? "refused" : StateWord(end));
  if (end == v1::Finished::STATE_FAILED) {
    // Parts of the message may be a client's: no line breaks or control characters of theirs in the log.
    absl::StrAppend(&line, " (", absl::StatusCodeToString(status.code()), ": ",
                    absl::Utf8SafeCEscape(status.message()), ")");
  }
  if (state.evaluations > 0) {
    absl::StrAppendFormat(&line, ", %d iterations, %.1f s, %.3f s/iteration, loss %.4g",
                          state.job.iteration(), state.device_seconds,
                          state.device_seconds / state.evaluations, state.job.total_loss());
  }
  Log(std::move(line));

  RefuseUpdates(state,
                absl::FailedPreconditionError(absl::StrCat(job->name_, " ended before it could be changed")));
  if (state.accepted) {
    v1::JobEvent event;
    v1::Finished& finished = *event.mutable_finished();
    finished.set_state(end);
    *finished.mutable_elapsed() = ToDuration(state.device_seconds);
    if (end == v1::Finished::STATE_FAILED) *finished.mutable_error() = state.job.error();
    job->log_->End(std::move(status), std::move(event));
    recorder.Touch(job, /*urgent=*/true, [this, job](const absl::Status&) {
      MutexLock lock(&mutex);
      ArchiveIfWritten(job);
    });
  } else {
    job->log_->End(std::move(status));
    live.erase(job->name_);
    by_id.erase(job->id_);
    requests.erase({state.job.client(), state.job.request_id()});
  }
  LoadWaiting();
  idle.NotifyAll();
}

void Core::ArchiveIfWritten(const JobPtr& job) {
  JobState& state = StateOf(*job);
  if (state.stage != Stage::kEnded || state.unsaved_result != nullptr || !job->log_->fully_journaled())
    return;
  if (live.erase(job->name_) == 0) return;
  by_id.erase(job->id_);
  EndedJob& archived = ended[job->name_] = {.job = Snapshot(*job), .digest = state.digest, .log = job->log_};
  archived.job.clear_watchers();  // nobody counts them any more
  // What it was made from isn't needed any more.
  files.Post([journal = options.journal, name = job->name_] {
    journal->RemoveFile(name, JobFile::kCheckpoint).IgnoreError();
    journal->RemoveFile(name, JobFile::kRequest).IgnoreError();
  });
  idle.NotifyAll();
}

bool Core::SaveResult(const std::string& name, const EncodedPicture& picture) {
  const absl::Status saved = WriteResult(*options.journal, name, picture);
  if (!saved.ok()) Log(absl::StrCat(name, ": its result isn't on disk: ", saved.ToString()));
  return saved.ok();
}

std::unique_ptr<Watch> Core::MakeWatch(const JobPtr& job, int64_t after) {
  Attached(job);
  return job->log_->MakeWatch(job->name_, after, [link = link, name = job->name_] {
    MutexLock lock(&link->mutex);
    if (link->core != nullptr) link->core->Detached(name);
  });
}

void Core::Attached(const JobPtr& job) {
  JobState& state = StateOf(*job);
  ++state.watchers;
  state.orphaned = false;
  Announce(job, "a client attached to it");
  // It may have given its room up meanwhile.
  LoadWaiting();
}

void Core::Detached(const std::string& name) {
  MutexLock lock(&mutex);
  const auto found = live.find(name);
  if (found == live.end()) return;
  JobState& state = StateOf(*found->second);
  --state.watchers;
  Orphan(found->second);
}

void Core::Orphan(const JobPtr& job) {
  JobState& state = StateOf(*job);
  const bool orphaned = state.watchers == 0 && !state.job.detached();
  if (orphaned == state.orphaned || state.stage == Stage::kEnded || stopping) {
    Refresh(*job);
    return;
  }
  if (!orphaned) {
    state.orphaned = false;
    Announce(job, "it was detached");
    return;
  }
  if (options.orphan_grace_seconds <= 0) {
    Cancel(job, absl::CancelledError("its last stream has ended"));
    return;
  }
  state.orphaned = true;
  state.checkpoint_wanted = true;
  state.orphan_deadline = options.clock->NowSeconds() + options.orphan_grace_seconds;
  *state.job.mutable_expire_time() =
      ToTimestamp(options.wall_time() + absl::Seconds(options.orphan_grace_seconds));
  Announce(job, "its last stream has ended, and it isn't detached");
}

void Core::Log(std::string line) {
  if (options.log) wakes->Post([log = options.log, line = std::move(line)] { log(line); });
}

}  // namespace impasto::jobs
