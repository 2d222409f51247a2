#include "core/paint_job.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "core/notifier.h"
#include "core/words.h"
#include "google/protobuf/util/message_differencer.h"

namespace impasto::gimp {
namespace {

using Phase = PaintState::Phase;

// For how long a lost server is waited for before what it was to be told is given up: as long as the job's
// stream waits for it.
constexpr absl::Duration kPatience = absl::Seconds(60);
// What the SDK gives a cancellation.
constexpr absl::Duration kCancelWait = absl::Seconds(10);
// A fast server makes some steps while it is told to stop; more than that, and it is cancelled instead.
constexpr int kMostMargin = 1024;
constexpr absl::Duration kPreviewInterval = absl::Milliseconds(500);

v1::StylizeRequest WithPreviews(v1::StylizeRequest request, int preview_size) {
  v1::PreviewOptions& preview = *request.mutable_preview();
  preview.set_format(v1::PICTURE_FORMAT_RAW);
  preview.set_pixel_format(v1::PIXEL_FORMAT_RGB8);
  preview.set_max_size(preview_size);
  preview.mutable_interval()->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(kPreviewInterval)));
  return request;
}

Phase PhaseOf(v1::Job::State state, Phase otherwise) {
  switch (state) {
    case v1::Job::STATE_PREPARING:
    case v1::Job::STATE_WAITING:
    case v1::Job::STATE_PAUSED:
    case v1::Job::STATE_ORPHANED:
      return Phase::kWaiting;
    case v1::Job::STATE_RUNNING:
      return Phase::kPainting;
    default:
      return otherwise;
  }
}

}  // namespace

// Two threads: one reads the job's events, the other tells the server what the host wants. Both share this,
// so that the host never waits for either.
class PaintJob::Worker {
 public:
  Worker(Client client, std::unique_ptr<StylizeCall> call, std::string job, std::function<void()> changed)
      : client_(std::move(client)), notifier_(std::move(changed)), call_(std::move(call)) {
    state_.job = std::move(job);
    if (!state_.job.empty()) {
      heard_phase_ = state_.phase = Phase::kWaiting;
    }
  }

  static void Start(const std::shared_ptr<Worker>& self) {
    std::thread([self] { self->Read(); }).detach();
    std::thread([self] { self->Tell(); }).detach();
  }

  PaintState state() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return state_;
  }
  void ChangeWeights(double content_weight, double style_weight);
  void Stop();
  void Cancel();
  void Leave();
  bool WaitUntilEnded(absl::Duration wait) const;
  bool WaitUntilTold(absl::Duration wait) const;

 private:
  struct Weights {
    double content = 0;
    double style = 0;
  };

  // The reader's.
  void Read();
  void Take(StylizeEvent event);
  void End(const absl::Status& status);
  void Take(const v1::Accepted& accepted);
  void Take(const v1::Progress& progress);
  void Take(PreviewPicture& preview);
  void Take(ResultPicture& result);
  void Take(const v1::RecipeChange& change);
  void Take(const v1::StateChanged& change);
  void Take(const ConnectionLost& lost);
  void SetPhase();  // with the lock

  // The teller's.
  void Tell();
  void TellWeights(const Weights& weights);
  void TellStop();
  void TellCancel();
  void CancelUnaccepted();
  absl::StatusOr<v1::Job> Update(const v1::Recipe& recipe, const std::vector<std::string>& mask);
  // Makes `call` again after the connection was lost, until `other_wish` or for kPatience.
  absl::Status Try(const std::function<absl::Status()>& call, const std::function<bool()>& other_wish);
  void WaitForReader(absl::Duration wait, const std::function<bool()>& done) const;
  std::string job() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return state_.job;
  }

  const Client client_;
  Notifier notifier_;
  mutable std::mutex mutex_;
  mutable std::condition_variable news_;
  // All that follows is guarded by mutex_.
  std::shared_ptr<StylizeCall> call_;  // null once it is left
  PaintState state_;
  Phase heard_phase_ = Phase::kSending;  // before what the host wants is taken into account
  bool lost_ = false;
  int events_ = 0;   // that were read
  int changes_ = 0;  // of the recipe
  bool read_all_ = false;
  bool left_ = false;

  std::optional<Weights> weights_;
  bool stopping_ = false;
  bool stop_told_ = false;
  bool cancelled_ = false;
  bool told_ = false;
};

void PaintJob::Worker::ChangeWeights(double content_weight, double style_weight) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!state_.ended() && !stopping_) {
    weights_ = Weights{content_weight, style_weight};
    news_.notify_all();
  }
}

void PaintJob::Worker::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state_.ended()) {
    return;
  }
  (state_.iteration == 0 ? cancelled_ : stopping_) = true;
  SetPhase();
  news_.notify_all();
}

void PaintJob::Worker::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  SetPhase();
  news_.notify_all();
}

void PaintJob::Worker::Leave() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    left_ = true;
    news_.notify_all();
  }
  notifier_.Silence();
}

bool PaintJob::Worker::WaitUntilEnded(absl::Duration wait) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return news_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return state_.ended(); });
}

bool PaintJob::Worker::WaitUntilTold(absl::Duration wait) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return news_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return !cancelled_ || told_; });
}

void PaintJob::Worker::Read() {
  const std::shared_ptr<StylizeCall> call = call_;  // nobody else sets it before this thread has ended
  while (std::optional<StylizeEvent> event = call->Next()) {
    Take(*std::move(event));
    notifier_.Notify();
    const std::lock_guard<std::mutex> lock(mutex_);
    // Destroying a call leaves its job; but what is to be cancelled is read to its end first.
    if (left_ && !cancelled_) {
      call_.reset();
      read_all_ = true;
      news_.notify_all();
      return;
    }
  }
  End(call->Finish());
  notifier_.Notify();
}

void PaintJob::Worker::Take(StylizeEvent event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++events_;
  lost_ = false;
  std::visit([this](auto& held) { Take(held); }, event);
  SetPhase();
  news_.notify_all();
}

void PaintJob::Worker::Take(const v1::Accepted& accepted) {
  heard_phase_ = Phase::kWaiting;
  state_.job = accepted.job();
  state_.jobs_ahead = accepted.jobs_ahead();
  state_.warnings.assign(accepted.warnings().begin(), accepted.warnings().end());
  state_.recipe = accepted.recipe();
  state_.iterations = accepted.recipe().iterations();
}

void PaintJob::Worker::Take(const v1::Progress& progress) {
  heard_phase_ = Phase::kPainting;
  state_.jobs_ahead = 0;
  state_.iterations = progress.iterations();
  // The last losses are those of the picture after the last step.
  state_.iteration = std::min(progress.iteration(), progress.iterations());
  state_.total_loss = progress.total_loss();
  state_.content_loss = progress.content_loss();
  state_.style_loss = progress.style_loss();
  state_.total_losses.push_back(progress.total_loss());
  state_.remaining.reset();
  if (progress.has_remaining()) {
    state_.remaining =
        absl::Seconds(progress.remaining().seconds()) + absl::Nanoseconds(progress.remaining().nanos());
  }
}

void PaintJob::Worker::Take(PreviewPicture& preview) {
  state_.preview = std::make_shared<const PreviewPicture>(std::move(preview));
}

void PaintJob::Worker::Take(ResultPicture& result) {
  state_.result = std::make_shared<const ResultPicture>(std::move(result));
}

void PaintJob::Worker::Take(const v1::RecipeChange& change) {
  // As the server keeps Job.original_recipe: the changes that were made, and then those that the recipe has
  // planned. One of the latter that takes effect is there already.
  auto& changes = *state_.recipe.mutable_changes();
  const int place = changes_++;
  if (place < changes.size() &&
      google::protobuf::util::MessageDifferencer::Equals(changes.Get(place), change)) {
    return;
  }
  *changes.Add() = change;
  for (int i = changes.size() - 1; i > place; --i) {
    changes.SwapElements(i, i - 1);
  }
}

void PaintJob::Worker::Take(const v1::StateChanged& change) {
  heard_phase_ = PhaseOf(change.state(), heard_phase_);
}

void PaintJob::Worker::Take(const ConnectionLost& /*lost*/) { lost_ = true; }

void PaintJob::Worker::SetPhase() {
  if (!state_.ended()) {
    state_.phase = cancelled_  ? Phase::kCancelled
                   : lost_     ? Phase::kReconnecting
                   : stopping_ ? Phase::kStopping
                               : heard_phase_;
  }
}

void PaintJob::Worker::End(const absl::Status& status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  read_all_ = true;
  if (!state_.ended()) {
    const bool stopped = stopping_ && absl::IsCancelled(status);
    if (state_.result != nullptr && (status.ok() || stopped)) {
      state_.phase = Phase::kDone;
    } else if (absl::IsCancelled(status)) {
      state_.phase = Phase::kCancelled;
    } else {
      state_.phase = Phase::kFailed;
      state_.status = status.ok() ? absl::InternalError("the job has no result") : status;
    }
  }
  news_.notify_all();
}

void PaintJob::Worker::Tell() {
  while (true) {
    std::optional<Weights> weights;
    bool stop = false;
    bool cancel = false;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto accepted = [this] { return !state_.job.empty() && !state_.ended(); };
      news_.wait(lock, [&] {
        cancel = cancelled_ && !told_;
        stop = stopping_ && !stop_told_ && accepted();
        return cancel || stop || (weights_.has_value() && accepted()) || left_;
      });
      if (!cancel && left_) {
        return;
      }
      if (!cancel) {
        stop_told_ = stop_told_ || stop;
        weights = std::exchange(weights_, std::nullopt);
      }
    }
    notifier_.Notify();
    if (cancel) {
      TellCancel();
    } else if (stop) {
      TellStop();
    } else if (weights.has_value()) {
      TellWeights(*weights);
    }
  }
}

void PaintJob::Worker::WaitForReader(absl::Duration wait, const std::function<bool()>& done) const {
  std::unique_lock<std::mutex> lock(mutex_);
  news_.wait_for(lock, absl::ToChronoMilliseconds(wait), done);
}

absl::Status PaintJob::Worker::Try(const std::function<absl::Status()>& call,
                                   const std::function<bool()>& other_wish) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (true) {
    int events = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      events = events_;
    }
    const absl::Status status = call();
    if (!absl::IsUnavailable(status)) {
      return status;
    }
    // When the stream is there again, the server is.
    bool again = false;
    WaitForReader(deadline - absl::Now(), [&] {
      again = events_ != events && !lost_;
      return again || read_all_ || other_wish();
    });
    if (!again) {
      return status;
    }
  }
}

absl::StatusOr<v1::Job> PaintJob::Worker::Update(const v1::Recipe& recipe,
                                                 const std::vector<std::string>& mask) {
  v1::Job job;
  job.set_name(this->job());
  *job.mutable_recipe() = recipe;
  absl::StatusOr<v1::Job> answer;
  (void)Try(
      [&] {
        answer = client_.UpdateJob(job, mask);
        return answer.status();
      },
      [this] { return cancelled_ || left_; });
  return answer;
}

void PaintJob::Worker::TellWeights(const Weights& weights) {
  v1::Recipe recipe;
  recipe.set_content_weight(weights.content);
  recipe.set_style_weight(weights.style);
  const absl::Status status = Update(recipe, {"recipe.content_weight", "recipe.style_weight"}).status();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_.change_refused = status.ok() ? "" : Explain(status, client_.address());
  }
  notifier_.Notify();
}

void PaintJob::Worker::TellStop() {
  // The job is told to end with the next step, so that it succeeds with its best picture. A cancelled one
  // would do the same, but its owner could not be told from one who has thrown it away.
  for (int margin = 1; margin <= kMostMargin; margin *= 2) {
    const PaintState now = state();
    const int iterations = now.iteration + margin;
    if (now.ended() || iterations >= now.iterations) {
      return;  // that many it makes anyway
    }
    v1::Recipe recipe;
    recipe.set_iterations(iterations);
    const absl::StatusOr<v1::Job> answer = Update(recipe, {"recipe.iterations"});
    if (answer.ok()) {
      if (answer->state() == v1::Job::STATE_PAUSED) {
        client_.ResumeJob(now.job).IgnoreError();
      }
      return;
    }
    if (absl::IsFailedPrecondition(answer.status()) || absl::IsNotFound(answer.status())) {
      return;  // it has ended; the stream says how
    }
    if (!absl::IsInvalidArgument(answer.status())) {
      break;
    }
    // It has made more steps by now.
  }
  // The best picture so far comes before its stream ends.
  client_.CancelJob(job()).IgnoreError();
}

void PaintJob::Worker::TellCancel() {
  // Before it is accepted, the SDK finds it by the request; afterwards the stream is left as it is, to see
  // the job end.
  if (job().empty()) {
    CancelUnaccepted();
  }
  const std::string name = job();
  if (!name.empty()) {
    const absl::Status status = Try([&] { return client_.CancelJob(name).status(); }, [] { return false; });
    if (status.ok()) {
      WaitForReader(kPatience, [this] { return read_all_; });
      client_.DeleteJob(name).IgnoreError();
    }
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  told_ = true;
  news_.notify_all();
}

void PaintJob::Worker::CancelUnaccepted() {
  // While there is no connection, nothing can be found. When it is there again, the request goes once more.
  std::shared_ptr<StylizeCall> call;
  WaitForReader(kPatience, [&] {
    call = !lost_ && !read_all_ && state_.job.empty() ? call_ : nullptr;
    return !lost_ || read_all_;
  });
  if (call != nullptr) {
    call->Cancel(kCancelWait);
    // A job that was found is accepted before it ends.
    WaitForReader(kCancelWait, [this] { return read_all_ || !state_.job.empty(); });
  }
}

PaintJob::PaintJob(const Client& client, v1::StylizeRequest request, int preview_size,
                   std::function<void()> changed)
    : worker_(std::make_shared<Worker>(client,
                                       client.StartStylize(WithPreviews(std::move(request), preview_size)),
                                       "", std::move(changed))) {
  Worker::Start(worker_);
}

PaintJob::PaintJob(const Client& client, const std::string& job, std::function<void()> changed)
    : worker_(std::make_shared<Worker>(client, client.WatchJob(job), job, std::move(changed))) {
  Worker::Start(worker_);
}

PaintJob::~PaintJob() { worker_->Leave(); }

PaintState PaintJob::state() const { return worker_->state(); }
void PaintJob::ChangeWeights(double content_weight, double style_weight) {
  worker_->ChangeWeights(content_weight, style_weight);
}
void PaintJob::Stop() { worker_->Stop(); }
void PaintJob::Cancel() { worker_->Cancel(); }
bool PaintJob::WaitUntilEnded(absl::Duration wait) const { return worker_->WaitUntilEnded(wait); }
bool PaintJob::WaitUntilTold(absl::Duration wait) const { return worker_->WaitUntilTold(wait); }

}  // namespace impasto::gimp
