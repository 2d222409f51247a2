#include "jobs/scheduler.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <new>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "jobs/event_log.h"
#include "jobs/picture_queue.h"
#include "jobs/step_timer.h"
#include "jobs/wake_thread.h"

namespace impasto::jobs {
namespace {

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

// 64 random bits: who wasn't told a job's name can't guess it.
std::string NewJobName() {
  std::random_device random;
  const uint64_t high = random(), low = random();
  return absl::StrFormat("jobs/%016x", high << 32 | (low & 0xffffffffu));
}

google::protobuf::Duration ToDuration(double seconds) {
  google::protobuf::Duration duration;
  const auto whole = static_cast<int64_t>(seconds);
  duration.set_seconds(whole);
  duration.set_nanos(std::clamp(static_cast<int>((seconds - whole) * 1e9), 0, 999'999'999));
  return duration;
}

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

enum class Phase {
  kQueued,  // for preparation
  kPreparing,
  kReady,  // waits for the device
  kStepping,
  kEncoding,  // the device is done with it; its result waits or is being encoded
  kEnded,     // the end is in the log
};

// All of it is guarded by Core::mutex.
struct JobState {
  Phase phase = Phase::kQueued;
  absl::Status interruption;  // not OK: no more steps
  PrepareJob prepare;         // until it is prepared
  PreparedJob prepared;       // its work: until it is on the device
  bool accepted = false;
  int iterations = 0;  // made so far
  StepTimer timer;
  double total_loss = 0;  // the result's; until then the latest
};

class JobImpl;
using JobPtr = std::shared_ptr<JobImpl>;

// What the jobs and the threads share; it lives as long as any of them. One lock for all states: they change
// rarely, and together.
struct Core {
  explicit Core(SchedulerOptions the_options)
      : options(std::move(the_options)), wakes(std::make_shared<WakeThread>()) {}

  const SchedulerOptions options;
  const std::shared_ptr<WakeThread> wakes;
  PictureQueue pictures;

  Mutex mutex;  // taken before an event log's
  CondVar prepare_changed;
  CondVar device_changed;
  CondVar job_left;

  bool stopping ABSL_GUARDED_BY(mutex) = false;  // no new jobs
  bool quitting ABSL_GUARDED_BY(mutex) = false;  // the threads end
  int64_t next_id ABSL_GUARDED_BY(mutex) = 1;
  // Those that count against max_jobs: until their work is freed and their result is encoded.
  std::map<int64_t, JobPtr> jobs ABSL_GUARDED_BY(mutex);
  std::deque<JobPtr> to_prepare ABSL_GUARDED_BY(mutex);
  // Prepared, by order of submission. One that was cancelled meanwhile stays until the device thread has
  // freed its work.
  std::map<int64_t, JobPtr> ready ABSL_GUARDED_BY(mutex);
  bool stepping ABSL_GUARDED_BY(mutex) = false;  // a job is on the device

  static JobState& Unguarded(JobImpl& job);
  JobState& StateOf(JobImpl& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return Unguarded(job); }

  void Cancel(JobImpl& job, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Puts the end into the job's log; nothing where it has ended before.
  void End(JobImpl& job, v1::Finished::State state, absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Gives back the job's place.
  void Leave(const JobImpl& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Log(std::string line);

  void PrepareLoop();
  void Prepare(const JobPtr& job, PrepareJob prepare);

  // A job on the device thread.
  struct Run {
    JobPtr job;
    std::unique_ptr<Work> work;
    PreviewSchedule previews;
    int previewed_iteration = 0;  // steps behind the newest preview
    double previewed_time = 0;
  };
  void DeviceLoop();
  std::optional<Run> NextRun();
  void RunToEnd(Run run);
  absl::Status StepToEnd(Run& run);
  void AddProgress(const Run& run, v1::Progress progress, double now);
  void PreviewIfDue(Run& run, double now);
  // Frees the works of jobs that were cancelled while they waited.
  void FreeEnded();

  void EncodePreview(JobImpl& job, const PictureMaker& maker, int iteration);
  // `status`: how the steps went.
  void EncodeResult(JobImpl& job, const PictureMaker& maker, v1::Result result, const absl::Status& status);
};

class JobImpl final : public Job {
 public:
  JobImpl(std::shared_ptr<Core> core, int64_t id, PrepareJob prepare)
      : core_(std::move(core)),
        id_(id),
        name_(NewJobName()),
        log_(std::make_shared<EventLog>(core_->wakes, core_->options.wall_time)),
        state_{.prepare = std::move(prepare)} {}

  const std::string& name() const override { return name_; }
  std::optional<Event> NextEvent(int64_t after) const override { return log_->NextEvent(after); }
  std::optional<absl::Status> EndStatus() const override { return log_->EndStatus(); }
  void NotifyAfter(int64_t after, std::function<void()> wake) override {
    log_->NotifyAfter(after, std::move(wake));
  }
  void Cancel() override {
    MutexLock lock(&core_->mutex);
    core_->Cancel(*this, absl::CancelledError("the job was cancelled"));
  }

 private:
  friend struct Core;

  const std::shared_ptr<Core> core_;
  const int64_t id_;
  const std::string name_;
  const std::shared_ptr<EventLog> log_;

  JobState state_;               // Core::StateOf is the way to it
  bool preview_failed_ = false;  // the encoder thread's own
};

JobState& Core::Unguarded(JobImpl& job) { return job.state_; }

void Core::Cancel(JobImpl& job, const absl::Status& status) {
  switch (StateOf(job).phase) {
    case Phase::kQueued: {
      const auto queued = std::find_if(to_prepare.begin(), to_prepare.end(),
                                       [&](const JobPtr& other) { return other.get() == &job; });
      const JobPtr kept = std::move(*queued);
      to_prepare.erase(queued);
      StateOf(job).prepare = nullptr;
      End(job, v1::Finished::STATE_CANCELLED, status);
      Leave(job);
      return;
    }
    case Phase::kStepping:
      // The device thread ends it, so that `finished` is true when it is sent.
      StateOf(job).interruption = status;
      return;
    case Phase::kPreparing:
    case Phase::kReady:
    case Phase::kEncoding:
      // Whoever holds it finds it ended and drops what it has; its place is taken until then.
      End(job, v1::Finished::STATE_CANCELLED, status);
      return;
    case Phase::kEnded:
      return;
  }
}

void Core::End(JobImpl& job, v1::Finished::State state, absl::Status status) {
  if (StateOf(job).phase == Phase::kEnded) return;
  StateOf(job).phase = Phase::kEnded;
  const double elapsed = StateOf(job).timer.Elapsed(options.clock->NowSeconds());

  std::string line = job.name_;
  if (!StateOf(job).prepared.summary.empty()) absl::StrAppend(&line, ": ", StateOf(job).prepared.summary);
  const bool refused = state == v1::Finished::STATE_FAILED && !StateOf(job).accepted;
  absl::StrAppend(&line, ": ", refused ? "refused" : StateWord(state));
  if (state == v1::Finished::STATE_FAILED) {
    // Parts of the message may be a client's: no line breaks or control characters of theirs in the log.
    absl::StrAppend(&line, " (", absl::StatusCodeToString(status.code()), ": ",
                    absl::Utf8SafeCEscape(status.message()), ")");
  }
  if (StateOf(job).timer.steps() > 0) {
    absl::StrAppendFormat(&line, ", %d iterations, %.1f s, %.3f s/iteration, loss %.4g",
                          StateOf(job).iterations, elapsed, StateOf(job).timer.SecondsPerStep(),
                          StateOf(job).total_loss);
  }

  std::optional<v1::Finished> finished;
  if (StateOf(job).accepted) {
    finished.emplace();
    finished->set_state(state);
    *finished->mutable_elapsed() = ToDuration(elapsed);
    if (state == v1::Finished::STATE_FAILED) {
      finished->mutable_error()->set_code(static_cast<int>(status.code()));
      finished->mutable_error()->set_message(std::string(status.message()));
    }
  }
  job.log_->End(std::move(finished), std::move(status));
  Log(std::move(line));
}

void Core::Leave(const JobImpl& job) {
  jobs.erase(job.id_);
  job_left.NotifyAll();
}

void Core::Log(std::string line) {
  if (options.log) wakes->Post([log = options.log, line = std::move(line)] { log(line); });
}

void Core::PrepareLoop() {
  for (;;) {
    JobPtr job;
    PrepareJob prepare;
    {
      MutexLock lock(&mutex);
      while (to_prepare.empty() && !quitting) prepare_changed.Wait(&mutex);
      if (to_prepare.empty()) return;
      job = std::move(to_prepare.front());
      to_prepare.pop_front();
      StateOf(*job).phase = Phase::kPreparing;
      prepare.swap(StateOf(*job).prepare);
    }
    Prepare(job, std::move(prepare));
  }
}

void Core::Prepare(const JobPtr& job, PrepareJob prepare) {
  absl::StatusOr<PreparedJob> prepared = Guarded(prepare);
  prepare = nullptr;  // and with it the request: its pictures are decoded by now

  MutexLock lock(&mutex);
  if (!prepared.ok()) {
    End(*job, v1::Finished::STATE_FAILED, prepared.status());
    Leave(*job);
    return;
  }
  StateOf(*job).prepared = *std::move(prepared);
  if (StateOf(*job).phase != Phase::kEnded) {
    int ahead = stepping ? 1 : 0;
    for (const auto& [id, other] : ready) ahead += id < job->id_ && StateOf(*other).phase == Phase::kReady;
    v1::Accepted accepted = StateOf(*job).prepared.accepted;
    accepted.set_job(job->name_);
    accepted.set_jobs_ahead(ahead);
    job->log_->AddAccepted(std::move(accepted));
    StateOf(*job).accepted = true;
    StateOf(*job).phase = Phase::kReady;
  }
  ready.emplace(job->id_, job);
  device_changed.NotifyOne();
}

void Core::DeviceLoop() {
  for (;;) {
    {
      MutexLock lock(&mutex);
      while (ready.empty() && !quitting) device_changed.Wait(&mutex);
      if (ready.empty()) return;
    }
    FreeEnded();
    if (std::optional<Run> run = NextRun()) RunToEnd(*std::move(run));
  }
}

void Core::FreeEnded() {
  std::vector<std::unique_ptr<Work>> works;
  std::vector<JobPtr> freed;
  {
    MutexLock lock(&mutex);
    for (auto it = ready.begin(); it != ready.end();) {
      if (StateOf(*it->second).phase != Phase::kEnded) {
        ++it;
        continue;
      }
      works.push_back(std::move(StateOf(*it->second).prepared.work));
      freed.push_back(std::move(it->second));
      it = ready.erase(it);
    }
  }
  if (freed.empty()) return;
  works.clear();
  MutexLock lock(&mutex);
  for (const JobPtr& job : freed) Leave(*job);
}

std::optional<Core::Run> Core::NextRun() {
  MutexLock lock(&mutex);
  if (ready.empty() || StateOf(*ready.begin()->second).phase == Phase::kEnded) return std::nullopt;
  Run run;
  run.job = std::move(ready.begin()->second);
  ready.erase(ready.begin());
  run.work = std::move(StateOf(*run.job).prepared.work);
  run.previews = StateOf(*run.job).prepared.previews;
  StateOf(*run.job).phase = Phase::kStepping;
  stepping = true;
  return run;
}

void Core::RunToEnd(Run run) {
  const JobPtr job = run.job;
  const absl::Status status = StepToEnd(run);

  bool wants_result = false;
  {
    MutexLock lock(&mutex);
    // A job that failed after some steps still has a picture worth sending.
    wants_result = StateOf(*job).interruption.ok() && StateOf(*job).timer.steps() > 0;
  }
  v1::Result result;
  absl::StatusOr<PictureMaker> maker = absl::UnknownError("not asked for");
  if (wants_result) {
    maker = Guarded([&]() -> absl::StatusOr<PictureMaker> { return run.work->TakeResult(&result); });
  }
  run.work = nullptr;  // the next job needs its memory

  {
    MutexLock lock(&mutex);
    stepping = false;
    if (!StateOf(*job).interruption.ok()) {
      End(*job, v1::Finished::STATE_CANCELLED, StateOf(*job).interruption);
      Leave(*job);
      return;
    }
    if (!maker.ok()) {
      End(*job, v1::Finished::STATE_FAILED, status.ok() ? maker.status() : status);
      Leave(*job);
      return;
    }
    StateOf(*job).total_loss = result.total_loss();
    StateOf(*job).phase = Phase::kEncoding;
  }
  pictures.PutResult([this, job, maker = *std::move(maker), result = std::move(result), status] {
    EncodeResult(*job, maker, result, status);
  });
}

absl::Status Core::StepToEnd(Run& run) {
  IMPASTO_RETURN_IF_ERROR(Guarded([&] { return run.work->Start(); }));
  {
    MutexLock lock(&mutex);
    run.previewed_time = options.clock->NowSeconds();
    StateOf(*run.job).timer.Begin(run.previewed_time);
  }
  while (!run.work->done()) {
    FreeEnded();
    {
      MutexLock lock(&mutex);
      if (!StateOf(*run.job).interruption.ok()) return StateOf(*run.job).interruption;
    }
    absl::StatusOr<v1::Progress> progress = Guarded([&] { return run.work->Step(); });
    IMPASTO_RETURN_IF_ERROR(progress.status());
    const double now = options.clock->NowSeconds();
    AddProgress(run, *std::move(progress), now);
    PreviewIfDue(run, now);
  }
  return absl::OkStatus();
}

void Core::AddProgress(const Run& run, v1::Progress progress, double now) {
  {
    MutexLock lock(&mutex);
    StepTimer& timer = StateOf(*run.job).timer;
    timer.Stepped(now);
    StateOf(*run.job).iterations = run.work->iterations_made();
    StateOf(*run.job).total_loss = progress.total_loss();
    *progress.mutable_elapsed() = ToDuration(timer.Elapsed(now));
    *progress.mutable_remaining() = ToDuration(timer.Remaining(run.work->remaining_steps()));
  }
  run.job->log_->AddProgress(std::move(progress));
}

void Core::PreviewIfDue(Run& run, double now) {
  const int iteration = run.work->iterations_made();
  // Never the input, and never the same picture twice: the last evaluation makes no step.
  if (iteration <= run.previewed_iteration) return;
  const PreviewSchedule& schedule = run.previews;
  const bool by_steps = schedule.every_iterations > 0 && iteration % schedule.every_iterations == 0;
  const bool by_time = schedule.interval_seconds > 0 && now - run.previewed_time >= schedule.interval_seconds;
  if (!by_steps && !by_time) return;
  run.previewed_iteration = iteration;
  run.previewed_time = now;
  absl::StatusOr<PictureMaker> maker =
      Guarded([&]() -> absl::StatusOr<PictureMaker> { return run.work->TakePreview(); });
  if (!maker.ok()) return;  // a job can do without a preview
  pictures.PutPreview(
      [this, job = run.job, maker = *std::move(maker), iteration] { EncodePreview(*job, maker, iteration); });
}

void Core::EncodePreview(JobImpl& job, const PictureMaker& maker, int iteration) {
  if (job.log_->EndStatus()) return;
  absl::StatusOr<EncodedPicture> picture = Guarded(maker);
  if (!picture.ok()) {
    // The job goes on: its result may still be fine. Once is enough to say so.
    if (!std::exchange(job.preview_failed_, true)) {
      Log(absl::StrCat(job.name_, ": no preview: ", absl::Utf8SafeCEscape(picture.status().message())));
    }
    return;
  }
  v1::Preview preview;
  preview.set_iteration(iteration);
  job.log_->AddPreview(std::move(preview), *std::move(picture));
}

void Core::EncodeResult(JobImpl& job, const PictureMaker& maker, v1::Result result,
                        const absl::Status& status) {
  absl::StatusOr<EncodedPicture> picture = absl::UnknownError("cancelled before it began");
  if (!job.log_->EndStatus()) picture = Guarded(maker);
  const absl::Status outcome = status.ok() ? picture.status() : status;
  if (picture.ok()) job.log_->AddResult(std::move(result), *std::move(picture));

  MutexLock lock(&mutex);
  End(job, outcome.ok() ? v1::Finished::STATE_SUCCEEDED : v1::Finished::STATE_FAILED, outcome);
  Leave(job);
}

class SchedulerImpl final : public Scheduler {
 public:
  explicit SchedulerImpl(SchedulerOptions options) : core_(std::make_shared<Core>(std::move(options))) {
    for (int i = 0; i < core_->options.preparation_threads; ++i) {
      threads_.emplace_back([core = core_.get()] { core->PrepareLoop(); });
    }
    threads_.emplace_back([core = core_.get()] { core->DeviceLoop(); });
  }

  ~SchedulerImpl() override {
    Stop();
    {
      MutexLock lock(&core_->mutex);
      core_->quitting = true;
      core_->prepare_changed.NotifyAll();
      core_->device_changed.NotifyAll();
    }
    for (std::thread& thread : threads_) thread.join();
    core_->pictures.Stop();
    core_->wakes->Stop();
  }

  absl::StatusOr<std::shared_ptr<Job>> Submit(PrepareJob prepare) override {
    MutexLock lock(&core_->mutex);
    if (core_->stopping) return absl::UnavailableError("the server is stopping");
    if (static_cast<int>(core_->jobs.size()) >= core_->options.max_jobs) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: the server takes ",
                                                       core_->options.max_jobs,
                                                       " jobs at a time; try again later"));
    }
    const int64_t id = core_->next_id++;
    auto job = std::make_shared<JobImpl>(core_, id, std::move(prepare));
    core_->jobs.emplace(id, job);
    core_->to_prepare.push_back(job);
    core_->prepare_changed.NotifyOne();
    return job;
  }

  void Stop() override {
    MutexLock lock(&core_->mutex);
    core_->stopping = true;
    std::vector<JobPtr> jobs;
    for (const auto& [id, job] : core_->jobs) jobs.push_back(job);
    for (const JobPtr& job : jobs) core_->Cancel(*job, absl::CancelledError("the server is stopping"));
    while (!core_->jobs.empty()) core_->job_left.Wait(&core_->mutex);
  }

 private:
  const std::shared_ptr<Core> core_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Scheduler>> Scheduler::Create(SchedulerOptions options) {
  if (options.clock == nullptr) return absl::InvalidArgumentError("the scheduler needs a clock");
  if (!options.wall_time) return absl::InvalidArgumentError("the scheduler needs wall_time");
  if (options.max_jobs < 1 || options.preparation_threads < 1) {
    return absl::InvalidArgumentError("max_jobs and preparation_threads must be at least 1");
  }
  return std::make_unique<SchedulerImpl>(std::move(options));
}

}  // namespace impasto::jobs
