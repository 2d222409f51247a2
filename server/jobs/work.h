// What the scheduler runs: anything that steps. jobs knows neither Torch nor gRPC; the API's messages are its
// vocabulary.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// Takes bytes, in order. Its error ends the writing.
using ByteSink = std::function<absl::Status(absl::string_view bytes)>;
// Writes something whole into a sink. Owns what it writes; may be called once, on any thread, after the work
// has stepped on or is gone.
using ByteWriter = std::function<absl::Status(const ByteSink& sink)>;

// All calls by one thread at a time, and but for Start and Step quick ones. None on a work whose Start or
// Step failed, but for TakeResult.
class Work {
 public:
  virtual ~Work() = default;

  // The heavy beginning: buffers, target maps and Gram matrices. Again after SetAside.
  virtual absl::Status Start() = 0;
  virtual bool started() const = 0;
  // One step. Fills the losses and the iteration; the scheduler fills the times.
  virtual absl::StatusOr<v1::Progress> Step() = 0;
  // Gives back all that Start took, and keeps what is needed to go on, bit for bit, as if nothing had been.
  virtual void SetAside() = 0;

  virtual bool done() const = 0;
  // Steps made so far that changed the picture.
  virtual int iterations_made() const = 0;
  // Calls of Step until it is done, at most, in units of the latest one's work; 0 where it is done.
  virtual double remaining_steps() const = 0;

  // Changes the recipe from the next step on, and fills in `change`'s iteration: the steps made. Nothing has
  // changed on error: INVALID_ARGUMENT, naming the field below "recipe".
  virtual absl::Status Change(v1::RecipeChange* change) = 0;
  // Of the previews still to be taken.
  virtual void SetPreview(const v1::PreviewOptions& preview) = 0;
  // The values in force, and what it began with, with the changes since: see v1::Job.
  virtual v1::Recipe recipe() const = 0;
  virtual v1::Recipe original_recipe() const = 0;

  // The current picture, for a preview.
  virtual PictureMaker TakePreview() = 0;
  // The best picture so far, with iteration and total_loss filled in `result`. Also after a failed Step; an
  // error from the maker where there is none.
  virtual PictureMaker TakeResult(v1::Result* result) = 0;
  // All that a work prepared from the same request needs to go on from here, bit for bit.
  virtual ByteWriter TakeCheckpoint() = 0;
};

// What a job needs of the machine's memory, bytes.
struct MemoryNeed {
  int64_t peak = 0;     // from Start on
  int64_t waiting = 0;  // before Start, and set aside
};

struct PreparedJob {
  v1::Accepted accepted;  // but for what the scheduler fills: the job's name, jobs_ahead, budget, attached
  std::unique_ptr<Work> work;
  MemoryNeed memory;
  // The request with all of its pictures in it: what a restarted server prepares the job from.
  std::shared_ptr<const v1::StylizeRequest> request;
  std::string summary;  // for the log line: "vgg19 painterly 512x384, 300 iterations"
};

// Makes works. Thread-safe.
class WorkFactory {
 public:
  virtual ~WorkFactory() = default;
  // Decodes, checks, resolves: whatever can be refused. `previous`: the job as it was journaled, where it is
  // taken up again; its original_recipe is what the request's was resolved to. `checkpoint`: where it goes on
  // from; null: from the start. DATA_LOSS: the checkpoint can't be used.
  virtual absl::StatusOr<PreparedJob> Prepare(std::shared_ptr<const v1::StylizeRequest> request,
                                              const v1::Job* previous, std::istream* checkpoint) = 0;
};

}  // namespace impasto::jobs
