// One run of the method of Gatys, Ecker and Bethge (arXiv:1508.06576) as a state machine: Create, then Step,
// Step, ...
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/image.h"
#include "engine/model.h"
#include "engine/recipe.h"
#include "engine/run_state.h"
#include "engine/style_statistics.h"

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
  // Immutable, and may be shared by runs: a run keeps them until its end.
  struct Pictures {
    Image content;
    std::vector<StylePicture> styles;  // at their own sizes
    Image init;                        // for Init::kPicture: of the content's size

    std::vector<Size> style_sizes() const;
  };
  static std::shared_ptr<const Pictures> Share(Pictures pictures) {
    return std::make_shared<const Pictures>(std::move(pictures));
  }

  // Compiles the plans and evaluates content and style pictures, of the coarsest level: as long as two or
  // three steps. The model is kept alive. `statistics`: where the style pictures' statistics come from;
  // empty: they are computed. INVALID_ARGUMENT: a picture too small for a layer, an init picture of another
  // size, no style picture, a number of style_picture_weights that isn't theirs, a recipe that ValidateRecipe
  // refuses; FAILED_PRECONDITION: weights missing for a layer.
  //
  // recipe.changes take effect by themselves, each as Change called at its step would have it: a recipe with
  // the changes that were made to a run makes the same picture, to the bit.
  static absl::StatusOr<std::unique_ptr<Stylization>> Create(std::shared_ptr<const Model> model,
                                                             Recipe recipe,
                                                             std::shared_ptr<const Pictures> pictures,
                                                             StyleStatisticsSource statistics = {});
  // Goes on from a saved state: later steps are the same, to the bit, as those of the run that was saved.
  // model, recipe and pictures are that run's; recipe.changes may have been added to since the run began,
  // with changes that it was given: those after the state are made again. As long as Create, or less.
  // INVALID_ARGUMENT: as Create, and a state that doesn't fit model, recipe and pictures, or itself.
  static absl::StatusOr<std::unique_ptr<Stylization>> Restore(std::shared_ptr<const Model> model,
                                                              Recipe recipe,
                                                              std::shared_ptr<const Pictures> pictures,
                                                              RunState state,
                                                              StyleStatisticsSource statistics = {});
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

  // Changes the recipe from the next step on; change.steps is filled in. Nothing has changed on error:
  // INVALID_ARGUMENT, naming the field: a value out of its range, a layer that the run doesn't have, fewer
  // iterations than steps made, or a planned change that wouldn't be possible any more; RESOURCE_EXHAUSTED:
  // kMaxRecipeChanges are made; FAILED_PRECONDITION: the run is over. A change of nothing isn't recorded.
  //
  // Where the objective changes, the best picture so far is evaluated anew at the beginning of the next Step:
  // the result is the picture of the lowest loss under the weights in force at the end, among the best one
  // before the change and all later ones. The stall rule begins anew.
  absl::Status Change(RecipeChange change);

  // Between two steps, none of which failed. Quick: pictures and Adam's moments are copied, the rest is
  // shared.
  RunState SaveState() const;

  bool done() const;
  int evaluations() const;  // calls of Step so far
  int steps() const;        // of those, the calls that changed the picture
  // In all: the iterations in force, less what levels that stalled have left out since they were set, and
  // more where a change of them left finer levels less than a step each.
  int planned_steps() const;
  // Evaluations still to come at most, in units of one at this level's size.
  double remaining_evaluations() const;
  int level() const;   // of the latest evaluation
  int levels() const;  // at least 1
  // The values in force, with pyramid_levels as they are; its changes are those that are still to come.
  const Recipe& recipe() const;
  // That have taken effect, in their order.
  const std::vector<RecipeChange>& changes() const;

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
