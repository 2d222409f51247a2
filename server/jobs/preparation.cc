// From a request, or from the journal, to a work that can step.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "jobs/core.h"

namespace impasto::jobs {
namespace {

// How long a job that has no room in memory lets those behind it go first.
constexpr double kRoomPatienceSeconds = 300;

}  // namespace

void Core::QueuePreparation(const JobPtr& job) {
  JobState& state = StateOf(*job);
  if (state.stage != Stage::kToPrepare || state.queued) return;
  // Before the models are there, the journal's jobs would be told that there are none.
  if (state.accepted && !taken_up) return;
  state.queued = true;
  to_prepare.push_back(job);
  prepare_changed.NotifyOne();
}

void Core::LoadWaiting() {
  if (stopping) return;
  MemoryLedger then = ledger;  // once those are loaded that are on their way
  for (const auto& [id, job] : by_id) {
    JobState& state = StateOf(*job);
    if (state.accepted && (state.queued || state.stage == Stage::kPreparing)) then.Load(id, state.need);
  }
  for (const auto& [id, job] : by_id) {
    JobState& state = StateOf(*job);
    if (!WaitsForRoom(state)) continue;
    if (then.CanLoad(state.need)) {
      then.Load(id, state.need);
      QueuePreparation(job);
    } else if (IsOverdue(state)) {
      return;  // no more of those behind it
    }
  }
  device_changed.NotifyAll();  // it may find jobs that have no use for their room
}

bool Core::WaitsForRoom(const JobState& state) {
  const bool is_needed = (!state.paused && !state.orphaned) || !state.updates.empty();
  return state.stage == Stage::kToPrepare && state.accepted && !state.queued && is_needed;
}

bool Core::IsOverdue(const JobState& state) {
  return options.clock->NowSeconds() - state.waits_for_room_since >= kRoomPatienceSeconds;
}

bool Core::MayLoad(LiveJob& job) {
  JobState& state = StateOf(job);
  if (!ledger.CanLoad(state.need)) return false;
  if (state.job.priority() == v1::PRIORITY_INTERACTIVE) return true;
  return std::none_of(by_id.begin(), by_id.end(),
                      [&](const auto& other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
                        const JobState& waiting = StateOf(*other.second);
                        return other.first < job.id_ && WaitsForRoom(waiting) && IsOverdue(waiting);
                      });
}

void Core::PrepareLoop() {
  for (;;) {
    JobPtr job;
    std::shared_ptr<const v1::StylizeRequest> request;
    v1::Job previous;
    {
      MutexLock lock(&mutex);
      while (to_prepare.empty() && !quitting) prepare_changed.Wait(&mutex);
      if (to_prepare.empty()) return;
      job = std::move(to_prepare.front());
      to_prepare.pop_front();
      JobState& state = StateOf(*job);
      state.queued = false;
      state.stage = Stage::kPreparing;
      request = std::move(state.request);
      previous = state.job;
    }
    if (request != nullptr) {
      PrepareNew(job, std::move(request));
    } else {
      PrepareAgain(job, std::move(previous));
    }
  }
}

void Core::PrepareNew(const JobPtr& job, std::shared_ptr<const v1::StylizeRequest> request) {
  absl::StatusOr<PreparedJob> prepared =
      Guarded([&] { return options.factory->Prepare(std::move(request), nullptr, nullptr); });
  if (!prepared.ok()) {
    MutexLock lock(&mutex);
    End(job, v1::Finished::STATE_FAILED, prepared.status());
    return;
  }
  // Before the job itself, which is nothing without it.
  const std::shared_ptr<const v1::StylizeRequest> whole = std::move(prepared->request);
  const absl::Status kept = Guarded([&] {
    return options.journal->WriteFile(job->name(), JobFile::kRequest,
                                      [&](const ByteSink& sink) -> absl::Status {
                                        std::string bytes;
                                        if (!whole->SerializeToString(&bytes))
                                          return absl::ResourceExhaustedError("2 GiB or more of pictures");
                                        return sink(bytes);
                                      });
  });
  Accept(job, *std::move(prepared), kept);
}

void Core::PrepareAgain(const JobPtr& job, v1::Job previous) {
  const auto prepare = [&]() -> absl::StatusOr<PreparedJob> {
    auto file = options.journal->OpenFile(job->name(), JobFile::kRequest);
    if (!file.ok())
      return absl::DataLossError(absl::StrCat("its request is lost: ", file.status().message()));
    auto request = std::make_shared<v1::StylizeRequest>();
    if (!request->ParseFromIstream(file->get()))
      return absl::DataLossError("its request is lost: it is no request");
    auto checkpoint = options.journal->OpenFile(job->name(), JobFile::kCheckpoint);
    if (checkpoint.ok()) {
      absl::StatusOr<PreparedJob> prepared = options.factory->Prepare(request, &previous, checkpoint->get());
      if (!absl::IsDataLoss(prepared.status())) return prepared;
      checkpoint = prepared.status();
    }
    if (!absl::IsNotFound(checkpoint.status())) {
      Log(absl::StrCat(job->name(),
                       ": begins anew; its checkpoint is lost: ", checkpoint.status().message()));
    }
    return options.factory->Prepare(request, &previous, nullptr);
  };
  absl::StatusOr<PreparedJob> prepared = Guarded(prepare);
  if (prepared.ok()) {
    Accept(job, *std::move(prepared), absl::OkStatus());
    return;
  }
  MutexLock lock(&mutex);
  JobState& state = StateOf(*job);
  if (state.stage == Stage::kEnded) return;
  if (absl::IsDataLoss(prepared.status())) {
    End(job, v1::Finished::STATE_FAILED, prepared.status());
    return;
  }
  if (!state.interruption.ok()) {
    End(job, v1::Finished::STATE_CANCELLED, state.interruption);
    return;
  }
  // What it needs may come back: a model that isn't loaded, memory.
  state.stage = Stage::kToPrepare;
  state.paused = true;
  const std::string why = absl::StrCat("it can't go on: ", prepared.status().message());
  RefuseUpdates(state, absl::FailedPreconditionError(absl::StrCat(job->name(), ": ", why)));
  Announce(job, why);
}

void Core::Accept(const JobPtr& job, PreparedJob prepared, const absl::Status& kept) {
  std::unique_ptr<Work> unwanted;  // freed after the lock
  MutexLock lock(&mutex);
  JobState& state = StateOf(*job);
  if (state.stage == Stage::kEnded) {
    unwanted = std::move(prepared.work);
    if (!state.accepted) {
      // Its request, which nobody else knows of.
      files.Post([journal = options.journal, name = job->name()] { journal->DeleteJob(name).IgnoreError(); });
    }
    return;
  }
  state.need = prepared.memory;
  state.summary = std::move(prepared.summary);
  state.in_journal = state.in_journal || kept.ok();
  if (!kept.ok()) {
    prepared.accepted.add_warnings(
        absl::StrCat("the job isn't on disk, and is lost if the server ends: ", kept.message()));
  }
  v1::Accepted accepted = std::move(prepared.accepted);
  state.job.set_width(accepted.width());
  state.job.set_height(accepted.height());
  *state.job.mutable_warnings() = accepted.warnings();
  *state.job.mutable_memory() = accepted.memory();
  *state.job.mutable_recipe() = prepared.work->recipe();
  *state.job.mutable_original_recipe() = prepared.work->original_recipe();
  state.job.set_iterations(state.job.recipe().iterations());
  prepared.work->SetPreview(state.job.preview());

  if (MayLoad(*job) || !state.in_journal || !state.interruption.ok()) {
    ledger.Load(job->id_, state.need);
    state.stage = Stage::kLoaded;
    state.steps_made = prepared.work->iterations_made();
    state.work = std::move(prepared.work);
    state.checkpoint_time = options.clock->NowSeconds();
  } else {
    // Its pictures have no room. It is prepared again when they do.
    state.stage = Stage::kToPrepare;
    if (!state.accepted) state.waits_for_room_since = options.clock->NowSeconds();
    device_changed.NotifyAll();
    unwanted = std::move(prepared.work);
  }
  const bool is_new = !std::exchange(state.accepted, true);
  if (is_new) {
    accepted.set_job(job->name_);
    // One that was paused within its step is on the device all the same; one whose result is taken is done
    // with it.
    const bool another_steps =
        on_device != nullptr && StateOf(*on_device).stage == Stage::kLoaded && !sharing.Has(on_device->id_);
    accepted.set_jobs_ahead(sharing.size() + (another_steps ? 1 : 0));
    v1::JobEvent event;
    *event.mutable_accepted() = std::move(accepted);
    job->log_->Add(std::move(event));
  }
  Refresh(*job);
  if (is_new && (state.paused || state.orphaned)) Tell(job, "it was before it was accepted");
  recorder.Touch(job, /*urgent=*/true);
}

}  // namespace impasto::jobs
