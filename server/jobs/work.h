// What the scheduler runs: anything that steps. jobs knows neither Torch nor gRPC; the API's messages are its
// vocabulary.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::jobs {

// A picture ready to be sent. Immutable once shared.
struct EncodedPicture {
  v1::PictureHeader header;
  std::string data;
};

// A picture that is taken but not yet encoded: it owns its pixels, and may be called once, on any thread,
// after the work has stepped on or is gone.
using PictureMaker = std::function<absl::StatusOr<EncodedPicture>()>;

// All calls on the device thread, one at a time; none on a work whose Start or Step failed, but for
// TakeResult.
class Work {
 public:
  virtual ~Work() = default;

  // The heavy beginning: buffers, target maps and Gram matrices.
  virtual absl::Status Start() = 0;
  // One step. Fills the losses and the iteration; the scheduler fills the times.
  virtual absl::StatusOr<v1::Progress> Step() = 0;
  virtual bool done() const = 0;
  // Steps made so far that changed the picture.
  virtual int iterations_made() const = 0;
  // Calls of Step until it is done, at most, in units of the latest one's work; 0 where it is done.
  virtual double remaining_steps() const = 0;

  // The current picture, for a preview.
  virtual PictureMaker TakePreview() = 0;
  // The best picture so far, with iteration and total_loss filled in `result`. Also after a failed Step; an
  // error from the maker where there is none.
  virtual PictureMaker TakeResult(v1::Result* result) = 0;
};

// When a job's previews are taken.
struct PreviewSchedule {
  int every_iterations = 0;     // 0: not by steps
  double interval_seconds = 0;  // 0: not by time
};

struct PreparedJob {
  v1::Accepted accepted;  // but for the job's name and jobs_ahead, which the scheduler fills
  std::unique_ptr<Work> work;
  PreviewSchedule previews;
  std::string summary;  // for the log line: "vgg19 painterly 512x384, 300 iterations"
};

// Decodes, checks, resolves: whatever can be refused. Called once, on a preparation thread.
using PrepareJob = std::function<absl::StatusOr<PreparedJob>()>;

}  // namespace impasto::jobs
