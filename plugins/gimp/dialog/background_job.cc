#include "dialog/background_job.h"

#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/paint_job.h"
#include "host/request.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

class BackgroundJob : public RunningJob {
 public:
  using Start = std::function<absl::StatusOr<std::unique_ptr<PaintJob>>()>;

  BackgroundJob(Start start, std::function<void()> changed) : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_, start = std::move(start), changed = std::move(changed)] {
      Run(shared.get(), start);
      changed();
    }).detach();
  }
  ~BackgroundJob() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->left = true;
    shared_->job.reset();
  }

  PaintState state() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->job != nullptr ? shared_->job->state() : shared_->state;
  }
  void ChangeWeights(double content_weight, double style_weight) override {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->job != nullptr) {
      shared_->job->ChangeWeights(content_weight, style_weight);
    } else {
      shared_->weights = {content_weight, style_weight};
    }
  }
  void Stop() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->job != nullptr ? shared_->job->Stop() : shared_->CancelBeforeItIsThere();
  }
  void Cancel() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->job != nullptr ? shared_->job->Cancel() : shared_->CancelBeforeItIsThere();
  }
  void WaitUntilTold(absl::Duration wait) override {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->job != nullptr) {
      shared_->job->WaitUntilTold(wait);
    }
  }

 private:
  struct Shared {
    std::mutex mutex;
    bool left = false;  // guarded by mutex, as all that follows
    PaintState state;   // while there is no job
    std::optional<std::pair<double, double>> weights;
    std::unique_ptr<PaintJob> job;

    void CancelBeforeItIsThere() {
      if (!state.ended()) {
        state.phase = PaintState::Phase::kCancelled;
      }
    }
  };

  static void Run(Shared* shared, const Start& start) {
    {
      const std::lock_guard lock(shared->mutex);
      if (shared->left || shared->state.ended()) {
        return;
      }
    }
    absl::StatusOr<std::unique_ptr<PaintJob>> job = start();
    const std::lock_guard lock(shared->mutex);
    if (!job.ok()) {
      shared->state.phase = PaintState::Phase::kFailed;
      shared->state.status = job.status();
      return;
    }
    if (shared->left || shared->state.ended()) {
      (*job)->Cancel();
      return;
    }
    shared->job = *std::move(job);
    if (shared->weights.has_value()) {
      shared->job->ChangeWeights(shared->weights->first, shared->weights->second);
    }
  }

  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<RunningJob> StartInBackground(Client client, const Target& target,
                                              std::shared_ptr<const v1::Picture> content, StyleReader style,
                                              v1::Recipe recipe, int preview_size,
                                              std::function<void()> changed) {
  auto start = [client = std::move(client), target, content = std::move(content), style = std::move(style),
                recipe = std::move(recipe), preview_size,
                changed]() -> absl::StatusOr<std::unique_ptr<PaintJob>> {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Picture picture, style());
    v1::StylizeRequest request = MakeRequest(target, *content, std::move(picture), recipe);
    request.set_detached(true);
    request.set_priority(v1::PRIORITY_INTERACTIVE);
    return std::make_unique<PaintJob>(client, std::move(request), preview_size, changed);
  };
  return std::make_unique<BackgroundJob>(std::move(start), std::move(changed));
}

absl::StatusOr<StyleReader> ReaderOf(const Style& style) {
  if (style.kind != Style::Kind::kDrawable) {
    return [style] { return ReadStyle(style); };
  }
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::Picture picture, ReadStyle(style));
  return [picture = std::move(picture)]() -> absl::StatusOr<v1::Picture> { return picture; };
}

}  // namespace impasto::gimp
