// The device thread: whose turn it is, a step, and what follows from it.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "jobs/core.h"
#include "jobs/job_update.h"
#include "jobs/proto_times.h"

namespace impasto::jobs {

void Core::DeviceLoop() {
  for (;;) {
    JobPtr job;
    std::vector<JobPtr> set_aside;
    Task task = Task::kNone;
    {
      MutexLock lock(&mutex);
      on_device = nullptr;
      idle.NotifyAll();
      while ((task = NextTask(&job, &set_aside)) == Task::kNone) {
        if (quitting) return;
        device_changed.Wait(&mutex);
      }
      on_device = job;
    }
    switch (task) {
      case Task::kFinish:
        Finish(job, absl::OkStatus());
        break;
      case Task::kUpdate:
        ApplyUpdates(job);
        break;
      case Task::kCheckpoint:
        Checkpoint(job);
        break;
      case Task::kUnload:
        Unload(job);
        break;
      case Task::kTurn:
        for (const JobPtr& other : set_aside) Unguarded(*other).work->SetAside();
        Turn(job);
        break;
      case Task::kNone:
        break;
    }
  }
}

Core::Task Core::NextTask(JobPtr* job, std::vector<JobPtr>* set_aside) {
  const bool room_is_wanted =
      std::any_of(by_id.begin(), by_id.end(), [&](const auto& other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
        return WaitsForRoom(StateOf(*other.second));
      });
  for (const auto& [id, candidate] : by_id) {
    const JobState& state = StateOf(*candidate);
    if (state.stage != Stage::kLoaded) continue;
    *job = candidate;
    if (!state.interruption.ok()) return Task::kFinish;
    // One that goes on from a checkpoint makes what the journal knows of it again before anything is changed:
    // or the change would be at a step that watchers have seen without it.
    if (!state.updates.empty() && state.steps_made >= state.job.iteration()) return Task::kUpdate;
    if (state.checkpoint_wanted && !state.checkpointing) return Task::kCheckpoint;
    if (room_is_wanted && (state.paused || state.orphaned) && state.in_journal && !state.checkpointing &&
        state.updates.empty()) {
      const int steps = state.work->iterations_made();
      if (steps == 0 || state.checkpoint == steps) return Task::kUnload;
      if (state.tried_checkpoint != steps) return Task::kCheckpoint;
    }
  }
  *job = nullptr;
  if (halted) return Task::kNone;
  const double now = options.clock->NowSeconds();
  const std::optional<int64_t> next = sharing.Next(
      now, [&](int64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return MayHaveTurn(*by_id.at(id), now); });
  if (!next) return Task::kNone;
  *job = by_id.at(*next);
  if (ledger.IsResident(*next)) return Task::kTurn;
  if (!ledger.Fits(*next)) {
    std::vector<int64_t> ids;
    for (const JobPtr& resident : Residents(**job)) ids.push_back(resident->id_);
    for (const int64_t id : ledger.ToSetAside(*next, ids)) {
      ledger.SetResident(id, false);
      set_aside->push_back(by_id.at(id));
    }
    last_swap = now;
  }
  ledger.SetResident(*next, true);
  return Task::kTurn;
}

// Those that had better go first: who doesn't want the device now, then the lower classes, then the latest.
std::vector<JobPtr> Core::Residents(LiveJob& but) {
  std::vector<JobPtr> residents;
  for (const auto& [id, job] : by_id) {
    if (job.get() != &but && ledger.IsResident(id)) residents.push_back(job);
  }
  const auto rank = [&](const JobPtr& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const int job_class = DeviceSharing::ClassOf(StateOf(*job).job.priority());
    return std::make_tuple(sharing.Has(job->id_), -job_class, -job->id_);
  };
  std::sort(residents.begin(), residents.end(),
            [&](const JobPtr& a, const JobPtr& b)
                ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return rank(a) < rank(b); });
  return residents;
}

bool Core::MayHaveTurn(LiveJob& job, double now) {
  if (ledger.IsResident(job.id_) || ledger.Fits(job.id_)) return true;
  // It takes others' memory. From those that don't use it now, gladly; from the others not too often.
  if (now - last_swap >= options.swap_seconds) return true;
  // An interactive job doesn't wait for those that aren't.
  const bool interactive = StateOf(job).job.priority() == v1::PRIORITY_INTERACTIVE;
  std::vector<int64_t> yielding, all;
  for (const JobPtr& resident : Residents(job)) {
    all.push_back(resident->id_);
    const bool yields = interactive && StateOf(*resident).job.priority() != v1::PRIORITY_INTERACTIVE;
    if (yields || !sharing.Has(resident->id_)) yielding.push_back(resident->id_);
  }
  return ledger.ToSetAside(job.id_, all).size() <= yielding.size();
}

void Core::Turn(const JobPtr& job) {
  Work& work = *Unguarded(*job).work;
  const double begin = options.clock->NowSeconds();
  const bool starts = !work.started();
  const int steps_before = work.iterations_made();
  absl::Status status;
  absl::StatusOr<v1::Progress> progress = absl::UnknownError("no step was made");
  // Starting is a turn of its own: it takes as long as two or three steps.
  if (starts) {
    status = Guarded([&] { return work.Start(); });
  } else {
    progress = Guarded([&] { return work.Step(); });
    status = progress.status();
  }
  const double end = options.clock->NowSeconds();
  {
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    state.device_seconds += end - begin;
    *state.job.mutable_device_time() = ToDuration(state.device_seconds);
    sharing.Charge(job->id_, end - begin, end);
    if (starts && !state.job.has_start_time()) {
      *state.job.mutable_start_time() = ToTimestamp(options.wall_time());
      state.previewed_time = begin;
      Refresh(*job);
      recorder.Touch(job, /*urgent=*/false);
    }
  }
  if (!status.ok()) return Finish(job, status);
  if (starts) return;
  AfterStep(job, *std::move(progress), steps_before, end - begin);
  PreviewIfDue(job);
  if (work.done()) Finish(job, absl::OkStatus());
}

void Core::AfterStep(const JobPtr& job, v1::Progress progress, int steps_before, double seconds) {
  MutexLock lock(&mutex);
  JobState& state = StateOf(*job);
  const Work& work = *state.work;
  state.timer.Stepped(seconds);
  state.evaluations = progress.iteration();
  *progress.mutable_elapsed() = ToDuration(state.device_seconds);
  *progress.mutable_remaining() = ToDuration(state.timer.Remaining(work.remaining_steps()));
  // Steps that the journal knows of may be made again, after a restart.
  state.steps_made = work.iterations_made();
  if (state.steps_made >= state.job.iteration()) {
    state.job.set_iteration(state.steps_made);
    state.job.set_total_loss(progress.total_loss());
  }
  state.job.set_iterations(progress.iterations());
  TellChanges(job, steps_before);
  *state.job.mutable_remaining() = progress.remaining();
  v1::JobEvent event;
  *event.mutable_progress() = std::move(progress);
  job->log_->Add(std::move(event));
  if (options.clock->NowSeconds() - state.checkpoint_time >= options.checkpoint_seconds) {
    state.checkpoint_wanted = true;
  }
  recorder.Touch(job, /*urgent=*/false);
}

void Core::TellChanges(const JobPtr& job, int steps) {
  JobState& state = StateOf(*job);
  const v1::Recipe& original = state.job.original_recipe();
  bool any = false;
  for (int i = job->log_->changes(); i < original.changes_size() && original.changes(i).iteration() <= steps;
       ++i) {
    v1::JobEvent event;
    *event.mutable_changed() = original.changes(i);
    job->log_->Add(std::move(event));
    any = true;
  }
  if (any) *state.job.mutable_recipe() = state.work->recipe();
}

void Core::PreviewIfDue(const JobPtr& job) {
  Work& work = *Unguarded(*job).work;
  const int iteration = work.iterations_made();
  {
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    const v1::PreviewOptions& preview = state.job.preview();
    const double now = options.clock->NowSeconds();
    // Never the input, and never the same picture twice: the last evaluation makes no step.
    if (iteration <= state.previewed_iteration) return;
    const double interval = ToSeconds(preview.interval());
    const bool by_steps = preview.every_iterations() > 0 && iteration % preview.every_iterations() == 0;
    const bool by_time = interval > 0 && now - state.previewed_time >= interval;
    if (!by_steps && !by_time) return;
    state.previewed_iteration = iteration;
    state.previewed_time = now;
  }
  absl::StatusOr<PictureMaker> maker =
      Guarded([&]() -> absl::StatusOr<PictureMaker> { return work.TakePreview(); });
  if (!maker.ok()) return;  // a job can do without a preview
  pictures.PutPreview(
      job->id_, [this, job, maker = *std::move(maker), iteration] { EncodePreview(job, maker, iteration); });
}

void Core::ApplyUpdates(const JobPtr& job) {
  std::vector<PendingUpdate> updates;
  {
    MutexLock lock(&mutex);
    updates.swap(StateOf(*job).updates);
  }
  for (PendingUpdate& update : updates) {
    Work& work = *Unguarded(*job).work;
    std::optional<v1::RecipeChange> change = RecipeChangeOf(update.request);
    if (change) {
      const absl::Status status = Guarded([&] { return work.Change(&*change); });
      if (!status.ok()) {
        update.done(status);
        continue;
      }
    }
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    const bool was_detached = state.job.detached();
    if (ApplyToJob(update.request, &state.job)) {
      // Its claim to the device is of another class now.
      sharing.Remove(job->id_);
    }
    Refresh(*job);
    if (state.job.detached() != was_detached) Orphan(job);
    work.SetPreview(state.job.preview());
    if (change) {
      *state.job.mutable_original_recipe() = work.original_recipe();
      TellChanges(job, work.iterations_made());
    }
    recorder.Touch(
        job, /*urgent=*/true, [this, job, done = std::move(update.done)](const absl::Status& written) {
          v1::Job answer;
          {
            MutexLock lock(&mutex);
            answer = Snapshot(*job);
          }
          if (!written.ok()) {
            answer.add_warnings(absl::StrCat("the change is made, but isn't on disk: ", written.message()));
          }
          done(std::move(answer));
        });
  }
}

void Core::Checkpoint(const JobPtr& job) {
  Work& work = *Unguarded(*job).work;
  // Memory may run out while the picture is copied. The job can do without this one.
  absl::StatusOr<ByteWriter> writer =
      Guarded([&]() -> absl::StatusOr<ByteWriter> { return work.TakeCheckpoint(); });
  MutexLock lock(&mutex);
  JobState& state = StateOf(*job);
  state.checkpoint_wanted = false;
  state.checkpoint_time = options.clock->NowSeconds();
  const int steps = state.tried_checkpoint = work.iterations_made();
  // Before its first step a job's request is all that there is to keep.
  if (!writer.ok() || !state.in_journal || steps == 0) return;
  state.checkpointing = true;
  // Once the journal has the losses up to here: a job that goes on from a checkpoint makes none of them
  // again.
  recorder.Touch(
      job, /*urgent=*/true, [this, job, steps, writer = *std::move(writer)](const absl::Status& written) {
        files.Post([this, job, steps, writer, written] {
          absl::Status status = written;
          bool ended = false;
          {
            MutexLock lock(&mutex);
            ended = StateOf(*job).stage == Stage::kEnded;
          }
          if (status.ok() && !ended)
            status =
                Guarded([&] { return options.journal->WriteFile(job->name_, JobFile::kCheckpoint, writer); });
          if (!status.ok()) Log(absl::StrCat(job->name_, ": no checkpoint: ", status.ToString()));
          MutexLock lock(&mutex);
          StateOf(*job).checkpointing = false;
          if (status.ok()) StateOf(*job).checkpoint = steps;
          device_changed.NotifyAll();
          idle.NotifyAll();
        });
      });
}

void Core::Unload(const JobPtr& job) {
  std::unique_ptr<Work> work;
  {
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    // Somebody may have attached, or resumed it, meanwhile.
    if (state.stage != Stage::kLoaded || !(state.paused || state.orphaned)) return;
    work = std::move(state.work);
  }
  work = nullptr;  // before its room is given to another
  MutexLock lock(&mutex);
  // Not before: or it could be loaded again while it still has its place in the ledger.
  StateOf(*job).stage = Stage::kToPrepare;
  ledger.Unload(job->id_);
  Refresh(*job);
  if (!StateOf(*job).interruption.ok()) QueuePreparation(job);
  if (WaitsForRoom(StateOf(*job))) StateOf(*job).waits_for_room_since = options.clock->NowSeconds();
  LoadWaiting();
}

void Core::Finish(const JobPtr& job, const absl::Status& status) {
  std::unique_ptr<Work> work;
  absl::Status interruption;
  {
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    work = std::move(state.work);
    interruption = state.interruption;
    // From here on a cancel ends it at once.
    state.stage = Stage::kEncoding;
    sharing.Remove(job->id_);
  }
  v1::Result result;
  // A job that failed or was cancelled after some steps still has a picture worth keeping.
  absl::StatusOr<PictureMaker> maker = absl::UnknownError("there is no picture");
  if (work->iterations_made() > 0 || work->done()) {
    maker = Guarded([&]() -> absl::StatusOr<PictureMaker> { return work->TakeResult(&result); });
  }
  work = nullptr;  // the next job needs its memory
  {
    MutexLock lock(&mutex);
    JobState& state = StateOf(*job);
    ledger.Unload(job->id_);
    LoadWaiting();
    if (!maker.ok()) {
      if (!interruption.ok()) {
        End(job, v1::Finished::STATE_CANCELLED, interruption);
      } else {
        End(job, v1::Finished::STATE_FAILED, status.ok() ? maker.status() : status);
      }
      return;
    }
    if (state.stage != Stage::kEnded) state.job.set_total_loss(result.total_loss());
  }
  const absl::Status outcome = interruption.ok() ? status : interruption;
  pictures.PutResult([this, job, maker = *std::move(maker), result = std::move(result), outcome] {
    EncodeResult(job, maker, result, outcome);
  });
}

void Core::EncodePreview(const JobPtr& job, const PictureMaker& maker, int iteration) {
  {
    MutexLock lock(&mutex);
    if (StateOf(*job).stage == Stage::kEnded) return;
  }
  absl::StatusOr<EncodedPicture> picture = Guarded(maker);
  if (!picture.ok()) {
    // The job goes on: its result may still be fine.
    Log(absl::StrCat(job->name_, ": no preview: ", absl::Utf8SafeCEscape(picture.status().message())));
    return;
  }
  v1::JobEvent event;
  event.mutable_preview()->set_iteration(iteration);
  job->log_->Add(std::move(event), std::make_shared<const EncodedPicture>(*std::move(picture)));
  // It is seen once the losses before it are on disk: now, while it is new.
  recorder.Touch(job, /*urgent=*/true);
}

void Core::EncodeResult(const JobPtr& job, const PictureMaker& maker, v1::Result result,
                        const absl::Status& status) {
  {
    MutexLock lock(&mutex);
    if (StateOf(*job).stage == Stage::kEnded) return;
  }
  absl::StatusOr<EncodedPicture> encoded = Guarded(maker);
  const absl::Status outcome = status.ok() ? encoded.status() : status;
  std::shared_ptr<const EncodedPicture> picture;
  bool saved = false;
  if (encoded.ok()) {
    picture = std::make_shared<const EncodedPicture>(*std::move(encoded));
    saved = SaveResult(job->name_, *picture);
  }

  MutexLock lock(&mutex);
  JobState& state = StateOf(*job);
  if (state.stage == Stage::kEnded) return;
  if (picture != nullptr) {
    state.job.set_has_result(true);
    if (!saved) state.unsaved_result = picture;
    v1::JobEvent event;
    *event.mutable_result() = std::move(result);
    job->log_->Add(std::move(event), std::move(picture));
  }
  if (outcome.ok()) {
    End(job, v1::Finished::STATE_SUCCEEDED, outcome);
  } else if (!state.interruption.ok()) {
    End(job, v1::Finished::STATE_CANCELLED, outcome);
  } else {
    End(job, v1::Finished::STATE_FAILED, outcome);
  }
}

}  // namespace impasto::jobs
