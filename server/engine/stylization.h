// One run of the method of Gatys, Ecker and Bethge (arXiv:1508.06576) as a state machine: Create, then Step,
// Step, ...
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/image.h"
#include "engine/model.h"
#include "engine/recipe.h"

namespace impasto::engine {

struct Losses {
  int level = 0;  // of the pyramid, 0 is the coarsest: losses of different levels don't compare
  double total = 0;
  double content = 0;                  // weighted sum over layers, before the content weight
  double style = 0;                    // weighted sum over layers, before the style weight
  double tv = 0;                       // before its weight
  std::vector<double> content_layers;  // each layer's own loss, in the recipe's order, before any weight
  std::vector<double> style_layers;
};

// Not thread-safe: one thread at a time.
class Stylization {
 public:
  struct Pictures {
    Image content;
    std::vector<Image> styles;  // at their own sizes
    Image init;                 // for Init::kPicture: of the content's size
  };

  // Compiles the plans and evaluates content and style pictures, of the coarsest level: as long as two or
  // three steps. The model is kept alive. INVALID_ARGUMENT: a picture too small for a layer, an init picture
  // of another size, no style picture; FAILED_PRECONDITION: weights missing for a layer.
  static absl::StatusOr<std::unique_ptr<Stylization>> Create(std::shared_ptr<const Model> model,
                                                             Recipe recipe, Pictures pictures);
  ~Stylization();

  // One evaluation: the losses of the current picture; then it is moved one step, until recipe.iterations
  // steps are made or the last level has stalled. Call k (from 1) returns the losses of the picture that step
  // k starts from; the last call evaluates the last picture and makes no step. OUT_OF_RANGE after that.
  // DATA_LOSS where a loss or gradient is not finite: the best picture so far stays available.
  //
  // Coarse to fine (pyramid.h): a level ends with the evaluation that would start its last step, or earlier
  // where it stalls, and its best picture, enlarged, is what the next level starts from; that stands for the
  // step. The first call of a level compiles and evaluates as Create does.
  absl::StatusOr<Losses> Step();

  bool done() const;
  int evaluations() const;    // calls of Step so far
  int steps() const;          // of those, the calls that changed the picture
  int planned_steps() const;  // in all: recipe.iterations, less what levels that stalled have left out
  // Evaluations still to come at most, in units of one at this level's size.
  double remaining_evaluations() const;
  int level() const;             // of the latest evaluation
  int levels() const;            // at least 1
  const Recipe& recipe() const;  // with pyramid_levels as they are

  // The picture after the latest step, 0..255, at the size of its level.
  const Image& current() const;
  // The picture of the lowest total loss of the finest level evaluated so far, at that level's size (the
  // start, before the first Step); that loss, the evaluation (from 1) that found it, and its level.
  const Image& best() const;
  double best_loss() const;
  int best_evaluation() const;
  int best_level() const;
  // The gradient of the total loss at the picture that the latest step started from: planar RGB, as the
  // picture. Empty before the first.
  const std::vector<float>& gradient() const;

 private:
  struct State;
  explicit Stylization(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace impasto::engine
