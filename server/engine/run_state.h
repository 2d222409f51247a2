// All that the later steps of a run depend on, besides its model, recipe and pictures.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/image.h"
#include "base/size.h"
#include "engine/optimizers/optimizer.h"
#include "engine/recipe_change.h"

namespace impasto::engine {

// Owns its numbers or shares them with a run that never changes them again: it may be used by another thread
// while the run goes on.
struct RunState {
  int evaluations = 0;
  int steps = 0;
  int level = 0;
  int level_evaluations = 0;  // made at this level
  bool level_ended = false;   // the next step begins the next level
  bool done = false;
  std::vector<int> level_iterations;  // of every level; of those that are over, the steps that they made
  std::vector<double> stall_window;   // the lowest losses that the stall rule looks at, the oldest first
  std::vector<RecipeChange> changes;  // that have taken effect
  Image current;
  std::shared_ptr<const Image> best;
  double best_loss = 0;  // infinite before the first evaluation
  int best_evaluation = 0;
  int best_level = 0;
  bool best_loss_is_stale = false;  // the objective has changed since
  OptimizerState optimizer;         // empty where the next step begins with a new one, or there is none
};

// Whether the numbers fit each other, a run of so many levels, and a picture whose finest level has the size
// `full`. INVALID_ARGUMENT where they don't. What the optimizer's own state means is left to it.
absl::Status CheckRunState(const RunState& state, Size full, int levels);

// Writes a versioned stream of bytes, piece by piece: nothing large is copied. It has no checksum. Errors are
// the sink's.
absl::Status WriteRunState(const RunState& state,
                           const std::function<absl::Status(absl::string_view bytes)>& sink);

// Reads what WriteRunState wrote, and not a byte more. Memory grows with what has been read, not with what
// the bytes promise. DATA_LOSS: they are cut short, or nonsense; FAILED_PRECONDITION: of a newer version.
absl::StatusOr<RunState> ReadRunState(std::istream& in);

}  // namespace impasto::engine
