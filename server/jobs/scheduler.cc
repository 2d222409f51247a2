#include "jobs/scheduler.h"

#include <algorithm>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error_details.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "jobs/core.h"
#include "jobs/proto_times.h"
#include "jobs/request_digest.h"
#include "jobs/result_file.h"

namespace impasto::jobs {
namespace {

// When a client may try again at a server that is being stopped: as long as a restart takes.
constexpr double kRetrySeconds = 5;

// 64 random bits: who wasn't told a job's name can't guess it.
std::string NewJobName() {
  std::random_device random;
  const uint64_t high = random(), low = random();
  return absl::StrFormat("jobs/%016x", high << 32 | (low & 0xffffffffu));
}

absl::Status Stopping(absl::string_view message) {
  return WithRetryAfter(absl::UnavailableError(message), kRetrySeconds);
}

absl::Status HasEnded(const v1::Job& job) {
  return absl::FailedPreconditionError(absl::StrCat(job.name(), " has ended: it ",
                                                    job.state() == v1::Job::STATE_SUCCEEDED ? "succeeded"
                                                    : job.state() == v1::Job::STATE_CANCELLED
                                                        ? "was cancelled"
                                                        : "failed"));
}

// How a job ended, for the streams of those who come later.
absl::Status EndStatusOf(const v1::Job& job) {
  switch (job.state()) {
    case v1::Job::STATE_SUCCEEDED:
      return absl::OkStatus();
    case v1::Job::STATE_CANCELLED:
      return absl::CancelledError("the job was cancelled");
    default:
      return absl::Status(static_cast<absl::StatusCode>(job.error().code()), job.error().message());
  }
}

// Of a request that came again.
class SecondWatch final : public Watch {
 public:
  explicit SecondWatch(std::unique_ptr<Watch> watch) : watch_(std::move(watch)) {}
  const std::string& job_name() const override { return watch_->job_name(); }
  std::optional<Event> Next() override {
    std::optional<Event> event = watch_->Next();
    if (event && event->message.has_accepted()) event->message.mutable_accepted()->set_attached(true);
    return event;
  }
  std::optional<absl::Status> EndStatus() const override { return watch_->EndStatus(); }
  void Notify(std::function<void()> wake) override { watch_->Notify(std::move(wake)); }

 private:
  const std::unique_ptr<Watch> watch_;
};

class SchedulerImpl final : public Scheduler {
 public:
  explicit SchedulerImpl(SchedulerOptions options) : core_(std::move(options)) {}

  absl::Status Load() {
    IMPASTO_ASSIGN_OR_RETURN(std::vector<JobRecord> records, core_.options.journal->LoadJobs());
    for (JobRecord& record : records) {
      const std::string name = record.job.name();
      if (!IsEnded(record.job.state())) {
        LoadUnfinished(std::move(record));
        continue;
      }
      MutexLock lock(&core_.mutex);
      Remember(record.job);
      record.job.clear_watchers();
      core_.ended[name] = {.job = std::move(record.job), .digest = std::move(record.request_digest)};
    }
    MutexLock lock(&core_.mutex);
    core_.taken_up = core_.live.empty();
    return absl::OkStatus();
  }

  void StartThreads() {
    for (int i = 0; i < core_.options.preparation_threads; ++i) {
      threads_.emplace_back([this] { core_.PrepareLoop(); });
    }
    threads_.emplace_back([this] { core_.DeviceLoop(); });
  }

  ~SchedulerImpl() override {
    Stop();
    {
      MutexLock lock(&core_.link->mutex);
      core_.link->core = nullptr;
    }
    {
      MutexLock lock(&core_.mutex);
      core_.quitting = true;
      core_.prepare_changed.NotifyAll();
      core_.device_changed.NotifyAll();
    }
    for (std::thread& thread : threads_) thread.join();
    core_.pictures.Stop();
    core_.recorder.Stop();
    core_.files.Stop();
    core_.wakes->Stop();
  }

  void TakeUp() override {
    MutexLock lock(&core_.mutex);
    core_.taken_up = true;
    for (const auto& [id, job] : core_.by_id) {
      if (core_.StateOf(*job).accepted) core_.QueuePreparation(job);
    }
  }

  absl::StatusOr<std::unique_ptr<Watch>> Submit(std::shared_ptr<const v1::StylizeRequest> request,
                                                const std::string& client) override {
    const std::string digest = request->request_id().empty() ? "" : RequestDigest(*request);
    std::string known;
    {
      MutexLock lock(&core_.mutex);
      const auto found = core_.requests.find({client, request->request_id()});
      if (!request->request_id().empty() && found != core_.requests.end()) {
        known = found->second;
        const auto job = core_.live.find(known);
        const std::string& other =
            job != core_.live.end() ? core_.StateOf(*job->second).digest : core_.ended.at(known).digest;
        if (other != digest) {
          return FieldError("request_id",
                            absl::StrCat("\"", request->request_id(), "\" was another request's, ", known));
        }
        if (job != core_.live.end()) return std::make_unique<SecondWatch>(core_.MakeWatch(job->second, 0));
      } else {
        return SubmitNew(std::move(request), client, digest);
      }
    }
    IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<Watch> watch, Attach(known, 0));
    return std::make_unique<SecondWatch>(std::move(watch));
  }

  absl::StatusOr<std::unique_ptr<Watch>> Attach(const std::string& name, int64_t after) override {
    v1::Job job;
    {
      MutexLock lock(&core_.mutex);
      const auto live = core_.live.find(name);
      if (live != core_.live.end()) {
        IMPASTO_RETURN_IF_ERROR(CheckAfter(*live->second->shared_log(), after));
        return core_.MakeWatch(live->second, after);
      }
      const auto ended = core_.ended.find(name);
      if (ended == core_.ended.end()) return NoSuchJob(name);
      if (const std::shared_ptr<EventLog> log = ended->second.log.lock()) {
        IMPASTO_RETURN_IF_ERROR(CheckAfter(*log, after));
        return log->MakeWatch(name, after, nullptr);
      }
      job = ended->second.job;
    }
    IMPASTO_ASSIGN_OR_RETURN(const std::vector<std::string> messages,
                             core_.options.journal->LoadEvents(name));
    std::shared_ptr<const EncodedPicture> result;
    if (job.has_result()) {
      auto read = ReadResult(*core_.options.journal, name);
      if (read.ok()) {
        result = *std::move(read);
      } else {
        core_.Log(read.status().ToString());
      }
    }
    auto log = std::make_shared<EventLog>(core_.wakes, core_.options.wall_time);
    log->Restore(messages, result);
    log->End(EndStatusOf(job));
    {
      MutexLock lock(&core_.mutex);
      const auto ended = core_.ended.find(name);
      // Another watcher may have read it meanwhile, or somebody has deleted the job.
      if (ended == core_.ended.end()) return NoSuchJob(name);
      if (const std::shared_ptr<EventLog> other = ended->second.log.lock()) log = other;
      ended->second.log = log;
    }
    IMPASTO_RETURN_IF_ERROR(CheckAfter(*log, after));
    return log->MakeWatch(name, after, nullptr);
  }

  absl::StatusOr<v1::Job> Get(const std::string& name) override {
    MutexLock lock(&core_.mutex);
    const auto live = core_.live.find(name);
    if (live != core_.live.end()) return core_.Snapshot(*live->second);
    const auto ended = core_.ended.find(name);
    if (ended == core_.ended.end()) return NoSuchJob(name);
    return ended->second.job;
  }

  std::vector<v1::Job> List() override {
    MutexLock lock(&core_.mutex);
    std::vector<v1::Job> jobs;
    for (const auto& [name, job] : core_.live) jobs.push_back(core_.Snapshot(*job));
    for (const auto& [name, job] : core_.ended) jobs.push_back(job.job);
    return jobs;
  }

  absl::StatusOr<v1::Job> Cancel(const std::string& name) override {
    {
      MutexLock lock(&core_.mutex);
      const auto live = core_.live.find(name);
      if (live != core_.live.end()) {
        const JobPtr job = live->second;
        core_.Cancel(job, absl::CancelledError("the job was cancelled"));
        return core_.Snapshot(*job);
      }
    }
    return Get(name);
  }

  absl::StatusOr<v1::Job> Pause(const std::string& name) override { return SetPaused(name, true); }
  absl::StatusOr<v1::Job> Resume(const std::string& name) override { return SetPaused(name, false); }

  void Update(const v1::UpdateJobRequest& request,
              std::function<void(absl::StatusOr<v1::Job>)> done) override {
    const std::string& name = request.job().name();
    absl::Status refused;
    {
      MutexLock lock(&core_.mutex);
      const auto live = core_.live.find(name);
      if (live == core_.live.end()) {
        refused = NotLive(name);
      } else if (JobState& state = core_.StateOf(*live->second);
                 state.stage == Stage::kEncoding || state.stage == Stage::kEnded) {
        refused = absl::FailedPreconditionError(absl::StrCat(name, " has made its last step"));
      } else if (core_.stopping) {
        refused = Stopping("the server is stopping");
      } else {
        state.updates.push_back({request, std::move(done)});
        // It may have given its room up.
        if (state.accepted) core_.QueuePreparation(live->second);
        core_.Refresh(*live->second);
        return;
      }
    }
    done(refused);
  }

  absl::Status Delete(const std::string& name) override {
    JobPtr unwritten;
    EndedJob written;
    {
      MutexLock lock(&core_.mutex);
      const auto live = core_.live.find(name);
      if (live != core_.live.end()) {
        if (core_.StateOf(*live->second).stage != Stage::kEnded) {
          return absl::FailedPreconditionError(absl::StrCat(name, " hasn't ended: cancel it first"));
        }
        // Its end isn't on disk yet; so it need never be.
        unwritten = live->second;
        core_.live.erase(live);
        core_.by_id.erase(unwritten->id());
        Forget(core_.StateOf(*unwritten).job);
      } else {
        const auto ended = core_.ended.find(name);
        if (ended == core_.ended.end()) return NoSuchJob(name);
        Forget(ended->second.job);
        written = std::move(ended->second);
        core_.ended.erase(ended);
      }
    }
    // What the recorder has of it goes first, or the job would come back.
    core_.recorder.Flush().IgnoreError();
    const absl::Status deleted = core_.options.journal->DeleteJob(name);
    if (deleted.ok()) return deleted;
    // It would be back after a restart: so it is there still, to be deleted later.
    MutexLock lock(&core_.mutex);
    const v1::Job& job = unwritten != nullptr ? core_.StateOf(*unwritten).job : written.job;
    if (!job.request_id().empty())
      core_.requests.emplace(std::make_pair(job.client(), job.request_id()), name);
    if (unwritten != nullptr) {
      core_.live[name] = core_.by_id[unwritten->id()] = unwritten;
      core_.recorder.Touch(unwritten, /*urgent=*/false);
    } else {
      core_.ended[name] = std::move(written);
    }
    return deleted;
  }

  void Housekeep() override {
    std::vector<std::pair<std::string, std::shared_ptr<const EncodedPicture>>> unsaved;
    {
      MutexLock lock(&core_.mutex);
      const double now = core_.options.clock->NowSeconds();
      std::vector<JobPtr> jobs;
      for (const auto& [name, job] : core_.live) jobs.push_back(job);
      for (const JobPtr& job : jobs) {
        const JobState& state = core_.StateOf(*job);
        if (state.orphaned && now >= state.orphan_deadline) {
          core_.Cancel(job, absl::CancelledError("nobody came back to it in time"));
        }
        if (state.unsaved_result != nullptr) unsaved.emplace_back(job->name(), state.unsaved_result);
      }
      core_.idle.NotifyAll();  // Drain looks at the clock
    }
    core_.recorder.Retry();
    for (const auto& [name, picture] : unsaved) {
      if (!core_.SaveResult(name, *picture)) continue;
      MutexLock lock(&core_.mutex);
      const auto live = core_.live.find(name);
      if (live == core_.live.end()) continue;
      core_.StateOf(*live->second).unsaved_result = nullptr;
    }
    {
      // Those whose end, or whose result, the journal didn't take at first.
      MutexLock lock(&core_.mutex);
      std::vector<JobPtr> jobs;
      for (const auto& [name, job] : core_.live) jobs.push_back(job);
      for (const JobPtr& job : jobs) core_.ArchiveIfWritten(job);
    }
    DropOldResults();
  }

  void Close() override {
    MutexLock lock(&core_.mutex);
    core_.stopping = true;
  }

  void Drain(double seconds) override {
    MutexLock lock(&core_.mutex);
    core_.stopping = core_.draining = true;
    for (const auto& [name, job] : core_.live) core_.Refresh(*job);
    const double until = core_.options.clock->NowSeconds() + seconds;
    while (core_.sharing.size() > 0 && !core_.hurried && core_.options.clock->NowSeconds() < until) {
      core_.idle.Wait(&core_.mutex);
    }
  }

  void Hurry() override {
    MutexLock lock(&core_.mutex);
    core_.hurried = true;
    core_.idle.NotifyAll();
  }

  void Stop() override {
    MutexLock lock(&core_.mutex);
    if (std::exchange(stopped_, true)) return;
    core_.stopping = true;
    if (core_.options.journal_lasts) {
      SetAllAside();
    } else {
      for (const JobPtr& job : Unfinished())
        core_.Cancel(job, absl::CancelledError("the server is stopping"));
    }
    // Results that are being encoded are waited for; and what is written is, too.
    while (!Unfinished().empty() && !AllSetAside()) core_.idle.Wait(&core_.mutex);
    core_.halted = true;
    while (core_.on_device != nullptr) core_.idle.Wait(&core_.mutex);
    const std::vector<JobPtr> left = Unfinished();
    core_.mutex.Unlock();
    core_.recorder.Flush().IgnoreError();
    core_.mutex.Lock();
    for (const JobPtr& job : left) {
      job->log().End(
          Stopping(absl::StrCat("the server is stopping; ", job->name(), " goes on when it is back")));
    }
  }

 private:
  void LoadUnfinished(JobRecord record) {
    const std::string name = record.job.name();
    const absl::StatusOr<std::vector<std::string>> messages = core_.options.journal->LoadEvents(name);
    if (!messages.ok()) {
      // Left as it is, for when the journal is better: a server with the other jobs is more than none.
      core_.Log(absl::StrCat(name, " isn't taken up: ", messages.status().ToString()));
      return;
    }
    MutexLock lock(&core_.mutex);
    auto job = std::make_shared<LiveJob>(&core_, core_.next_id++, name);
    job->log().Restore(*messages, nullptr);
    JobState& state = core_.StateOf(*job);
    state.digest = std::move(record.request_digest);
    state.job = std::move(record.job);
    state.job.clear_watchers();
    state.accepted = state.in_journal = true;
    state.paused = state.job.state() == v1::Job::STATE_PAUSED;
    // Whoever watched it has the same time to come back as before.
    state.orphaned = state.job.state() == v1::Job::STATE_ORPHANED;
    state.orphan_deadline = core_.options.clock->NowSeconds() + core_.options.orphan_grace_seconds;
    state.need = {.peak = state.job.memory().peak_bytes()};
    // Watchers may have seen previews up to there. Steps that are made again show none.
    state.previewed_iteration = state.job.iteration();
    state.device_seconds = ToSeconds(state.job.device_time());
    core_.live[name] = core_.by_id[job->id()] = job;
    Remember(state.job);
    core_.Refresh(*job);
    core_.Tell(job, "the server was restarted");
  }

  absl::StatusOr<std::unique_ptr<Watch>> SubmitNew(std::shared_ptr<const v1::StylizeRequest> request,
                                                   const std::string& client, const std::string& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    if (core_.stopping) return Stopping("the server is stopping");
    const std::vector<JobPtr> unfinished = Unfinished();
    if (static_cast<int>(unfinished.size()) >= core_.options.max_jobs) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: the server takes ",
                                                       core_.options.max_jobs,
                                                       " jobs at a time; try again later"));
    }
    const auto clients = std::count_if(unfinished.begin(), unfinished.end(), [&](const JobPtr& job) {
      return Core::Unguarded(*job).job.client() == client;
    });
    if (clients >= core_.options.max_jobs_per_client) {
      return absl::ResourceExhaustedError(
          absl::StrCat("you have ", clients, " jobs here already, and the server takes ",
                       core_.options.max_jobs_per_client, " of one client at a time; try again later"));
    }
    auto job = std::make_shared<LiveJob>(&core_, core_.next_id++, NewJobName());
    JobState& state = core_.StateOf(*job);
    state.digest = digest;
    state.job.set_name(job->name());
    state.job.set_display_name(request->display_name());
    state.job.set_priority(request->priority() == v1::PRIORITY_UNSPECIFIED ? v1::PRIORITY_NORMAL
                                                                           : request->priority());
    state.job.set_detached(request->detached());
    *state.job.mutable_preview() = request->preview();
    *state.job.mutable_output() = request->output();
    state.job.set_request_id(request->request_id());
    state.job.set_client(client);
    *state.job.mutable_create_time() = ToTimestamp(core_.options.wall_time());
    Remember(state.job);
    state.request = std::move(request);
    core_.live[job->name()] = core_.by_id[job->id()] = job;
    core_.QueuePreparation(job);
    return core_.MakeWatch(job, 0);
  }

  static absl::Status CheckAfter(const EventLog& log, int64_t after) {
    if (after <= log.last_sequence()) return absl::OkStatus();
    return FieldError("after_event",
                      absl::StrCat(after, " isn't there yet: the latest event is ", log.last_sequence()),
                      absl::StatusCode::kOutOfRange);
  }

  // Why a job that isn't live can't be changed.
  absl::Status NotLive(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    const auto ended = core_.ended.find(name);
    return ended == core_.ended.end() ? NoSuchJob(name) : HasEnded(ended->second.job);
  }

  absl::StatusOr<v1::Job> SetPaused(const std::string& name, bool paused) {
    MutexLock lock(&core_.mutex);
    const auto live = core_.live.find(name);
    if (live == core_.live.end()) {
      return NotLive(name);
    }
    const JobPtr job = live->second;
    JobState& state = core_.StateOf(*job);
    if (state.stage == Stage::kEnded) return HasEnded(state.job);
    state.paused = paused;
    state.checkpoint_wanted = state.checkpoint_wanted || paused;
    core_.Announce(job, paused ? "it was paused" : "it was resumed");
    // It may have been left unprepared when it couldn't go on, or for lack of room.
    if (!paused && state.accepted && !core_.stopping) core_.QueuePreparation(job);
    return core_.Snapshot(*job);
  }

  // By its client and request_id, where it has one; Forget is the way back.
  void Remember(const v1::Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    if (!job.request_id().empty()) core_.requests[{job.client(), job.request_id()}] = job.name();
  }
  void Forget(const v1::Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    core_.requests.erase({job.client(), job.request_id()});
  }

  void DropOldResults() {
    // By age, then by number and by bytes, the oldest first.
    std::vector<std::pair<int64_t, std::string>> by_age;
    std::vector<std::string> unknown;
    {
      MutexLock lock(&core_.mutex);
      for (const auto& [name, job] : core_.ended) {
        by_age.emplace_back(job.job.end_time().seconds(), name);
        if (job.file_bytes < 0) unknown.push_back(name);
      }
    }
    for (const std::string& name : unknown) {
      const int64_t bytes = core_.options.journal->FileBytes(name);
      MutexLock lock(&core_.mutex);
      const auto ended = core_.ended.find(name);
      if (ended != core_.ended.end()) ended->second.file_bytes = bytes;
    }
    std::sort(by_age.rbegin(), by_age.rend());
    const auto oldest =
        absl::ToUnixSeconds(core_.options.wall_time() - absl::Seconds(core_.options.keep_results_seconds));
    std::vector<std::string> dropped;
    {
      MutexLock lock(&core_.mutex);
      int64_t bytes = 0;
      int count = 0;
      for (const auto& [end_seconds, name] : by_age) {
        const auto ended = core_.ended.find(name);
        if (ended == core_.ended.end()) continue;
        bytes += std::max<int64_t>(0, ended->second.file_bytes);
        ++count;
        if (end_seconds < oldest || bytes > core_.options.keep_results_bytes ||
            count > core_.options.max_ended_jobs) {
          dropped.push_back(name);
        }
      }
    }
    for (const std::string& name : dropped) Delete(name).IgnoreError();
  }

  std::vector<JobPtr> Unfinished() ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    std::vector<JobPtr> jobs;
    for (const auto& [id, job] : core_.by_id) {
      if (core_.StateOf(*job).stage != Stage::kEnded) jobs.push_back(job);
    }
    return jobs;
  }

  // No more turns; each job that has begun gets a last checkpoint. Those that the journal doesn't know yet
  // end.
  void SetAllAside() ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    core_.halted = true;
    for (const JobPtr& job : Unfinished()) {
      JobState& state = core_.StateOf(*job);
      if (!state.in_journal) core_.Cancel(job, Stopping("the server is stopping"));
      if (!state.interruption.ok()) core_.Cancel(job, state.interruption);
      state.checkpoint_wanted = state.stage == Stage::kLoaded;
      core_.RefuseUpdates(state, Stopping("the server is stopping"));
    }
    core_.to_prepare.clear();
    core_.device_changed.NotifyAll();
  }

  bool AllSetAside() ABSL_EXCLUSIVE_LOCKS_REQUIRED(core_.mutex) {
    if (!core_.options.journal_lasts || core_.on_device != nullptr) return false;
    for (const JobPtr& job : Unfinished()) {
      const JobState& state = core_.StateOf(*job);
      if (state.stage == Stage::kPreparing || state.stage == Stage::kEncoding || !state.in_journal)
        return false;
      if ((state.stage == Stage::kLoaded && state.checkpoint_wanted) || state.checkpointing) return false;
    }
    return true;
  }

  Core core_;
  std::vector<std::thread> threads_;
  bool stopped_ ABSL_GUARDED_BY(core_.mutex) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Scheduler>> Scheduler::Create(SchedulerOptions options) {
  if (options.clock == nullptr || options.journal == nullptr || options.factory == nullptr ||
      !options.wall_time) {
    return absl::InvalidArgumentError("the scheduler needs a clock, a journal, a factory and wall_time");
  }
  if (options.max_jobs < 1 || options.max_jobs_per_client < 1 || options.preparation_threads < 1 ||
      options.max_ended_jobs < 1 || options.memory_budget < 1) {
    return absl::InvalidArgumentError(
        "max_jobs, max_jobs_per_client, max_ended_jobs, preparation_threads and memory_budget must be at "
        "least 1");
  }
  auto scheduler = std::make_unique<SchedulerImpl>(std::move(options));
  IMPASTO_RETURN_IF_ERROR(scheduler->Load());
  scheduler->StartThreads();
  return scheduler;
}

}  // namespace impasto::jobs
