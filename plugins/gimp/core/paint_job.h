// One picture being painted, in the background.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "impasto/client.h"

namespace impasto::gimp {

// What has been heard of the job up to now.
struct PaintState {
  enum class Phase {
    kSending,       // pictures are on their way to the server
    kWaiting,       // accepted; others are painted first, or it is being prepared
    kPainting,      // losses come
    kReconnecting,  // the connection is lost; the job goes on, or will
    kStopping,      // Stop() was called; the best picture so far is on its way
    kDone,          // `result` is there
    kCancelled,
    kFailed,  // `status` says why; `result` may hold the best so far
  };
  Phase phase = Phase::kSending;
  std::string job;  // "jobs/...", once it is accepted
  int jobs_ahead = 0;
  std::vector<std::string> warnings;  // of the server, for people
  int iteration = 0;
  int iterations = 0;
  double total_loss = 0;
  double content_loss = 0;
  double style_loss = 0;
  std::vector<double> total_losses;  // one an iteration, for a curve
  std::optional<absl::Duration> remaining;
  std::shared_ptr<const PreviewPicture> preview;  // PICTURE_FORMAT_RAW, RGB8; the newest
  std::shared_ptr<const ResultPicture> result;
  v1::Recipe recipe;           // resolved, with the changes so far; what makes the same picture again
  absl::Status status;         // kFailed: why
  std::string change_refused;  // why the last change of weights wasn't taken; empty: it was
  bool ended() const { return phase >= Phase::kDone; }
};

// Thread-safe. `changed` as in ServerWatch.
class PaintJob {
 public:
  // Starts at once. Previews are asked for here: RGB8, `preview_size` on the long side, two a second. A
  // request with `detached` outlives this program.
  PaintJob(const Client& client, v1::StylizeRequest request, int preview_size, std::function<void()> changed);
  // A job that is there already, from its first event on.
  PaintJob(const Client& client, const std::string& job, std::function<void()> changed);
  // Leaves the job to the server: one that isn't detached is cancelled after its grace. Doesn't wait.
  ~PaintJob();
  PaintJob(const PaintJob&) = delete;
  PaintJob& operator=(const PaintJob&) = delete;

  PaintState state() const;

  // Other weights for the steps to come. Returns at once; the newest call of several wins.
  void ChangeWeights(double content_weight, double style_weight);
  // Ends it after the step that is under way; the best picture so far becomes the result. Without a step:
  // cancels it.
  void Stop();
  // Ends it without a picture; the server is told, and the job deleted there. Returns at once.
  void Cancel();

  // Blocks for up to `wait`, until it has ended: true. For programs without a main loop.
  bool WaitUntilEnded(absl::Duration wait) const;
  // Blocks for up to `wait`, until what Cancel() has to tell the server is told: before a program exits.
  bool WaitUntilTold(absl::Duration wait) const;

 private:
  class Worker;
  std::shared_ptr<Worker> worker_;  // shared with its threads, which may outlive this
};

}  // namespace impasto::gimp
