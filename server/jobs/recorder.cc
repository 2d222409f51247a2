#include "jobs/recorder.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace impasto::jobs {

Recorder::Recorder(Journal* journal, std::function<void(const std::string& line)> log)
    : journal_(journal), log_(std::move(log)), thread_([this] { Loop(); }) {}

void Recorder::Touch(const std::shared_ptr<Recorded>& job, bool urgent, Done done) {
  MutexLock lock(&mutex_);
  next_.jobs[job->name()] = job;
  urgent_ = urgent_ || urgent || done;
  if (done) next_.done.push_back(std::move(done));
  changed_.NotifyAll();
}

void Recorder::Retry() {
  MutexLock lock(&mutex_);
  next_.jobs.merge(failed_);
  if (!next_.jobs.empty()) changed_.NotifyAll();
}

absl::Status Recorder::health() {
  MutexLock lock(&mutex_);
  return health_;
}

absl::Status Recorder::Flush() {
  MutexLock lock(&mutex_);
  next_.jobs.merge(failed_);
  if (next_.jobs.empty() && !committing_) return health_;
  // Not until nothing is left: jobs that are stepped meanwhile could keep that off for ever.
  bool done = false;
  next_.done.push_back([this, &done](const absl::Status&) {
    MutexLock lock(&mutex_);
    done = true;
    committed_.NotifyAll();
  });
  urgent_ = true;
  changed_.NotifyAll();
  while (!done) committed_.Wait(&mutex_);
  return health_;
}

void Recorder::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Recorder::Loop() {
  for (;;) {
    Round round;
    {
      MutexLock lock(&mutex_);
      while (next_.empty() && !stopped_) changed_.Wait(&mutex_);
      if (next_.empty()) return;
      // A moment for more to come, unless somebody waits.
      const auto until = std::chrono::steady_clock::now() + kPause;
      while (!urgent_ && !stopped_) {
        const auto left = until - std::chrono::steady_clock::now();
        if (left.count() <= 0 || !changed_.WaitFor(&mutex_, left)) break;
      }
      urgent_ = false;
      next_.jobs.merge(failed_);
      failed_.clear();
      round = std::exchange(next_, {});
      committing_ = true;
    }
    Commit(std::move(round));
    MutexLock lock(&mutex_);
    committing_ = false;
  }
}

void Recorder::Commit(Round round) {
  Journal::Batch batch;
  std::map<std::string, std::shared_ptr<Recorded>> unfinished, shown;
  for (const auto& [name, job] : round.jobs) {
    if (job->Collect(&batch)) unfinished.emplace(name, job);
  }
  // Where somebody waits for the commit before this one alone, there is nothing to write.
  const absl::Status status = round.jobs.empty() ? health() : journal_->Commit(batch);

  std::string line;
  {
    MutexLock lock(&mutex_);
    if (!status.ok() && status.message() != health_.message()) {
      line = absl::StrCat("the journal can't be written; jobs go on without it: ", status.ToString());
    }
    if (status.ok() && !health_.ok()) line = "the journal can be written again";
    health_ = status;
    if (!status.ok()) {
      shown = round.jobs;
      failed_.merge(round.jobs);
    } else if (!unfinished.empty()) {
      // Nobody is told before all of it is there.
      next_.jobs.merge(unfinished);
      next_.done.insert(next_.done.begin(), round.done.begin(), round.done.end());
      round.done.clear();
      urgent_ = true;
    }
  }
  if (!line.empty() && log_) log_(line);
  if (status.ok()) {
    std::map<std::string, int64_t> last;
    for (const JournalEvent& event : batch.events) last[event.job] = event.sequence;
    for (const auto& [name, job] : round.jobs) job->log().MarkJournaled(last[name]);
  } else {
    for (const auto& [name, job] : shown) job->log().ShowUnjournaled();
  }
  for (const Done& done : round.done) done(status);
}

}  // namespace impasto::jobs
