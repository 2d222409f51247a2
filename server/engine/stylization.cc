#include "engine/stylization.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/resample.h"
#include "base/status_macros.h"
#include "engine/objective/objective.h"
#include "engine/objective/total_variation.h"
#include "engine/optimizers/adam.h"
#include "engine/optimizers/lbfgs.h"
#include "engine/optimizers/smooth_metric.h"
#include "engine/preprocess.h"
#include "engine/pyramid.h"

namespace impasto::engine {
namespace {

Image Noise(int width, int height, uint64_t seed) {
  Image image{.width = width, .height = height};
  image.rgb.resize(3 * image.pixels());
  // The standard fixes this generator's numbers, though not its distributions': the picture is the same
  // everywhere.
  std::mt19937_64 generator(seed);
  for (float& value : image.rgb) value = static_cast<float>(generator() >> 40) * (255.0f / 16777215.0f);
  return image;
}

std::vector<std::string> LayersOf(const std::vector<LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const LayerWeight& layer : layers) names.push_back(layer.layer);
  return names;
}

int IndexOf(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<double> Shares(std::vector<double> weights, size_t pictures) {
  if (weights.empty()) weights.assign(pictures, 1.0);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

absl::Status CheckStylePictureWeights(const std::vector<double>& weights, size_t pictures) {
  if (weights.empty() || weights.size() == pictures) return absl::OkStatus();
  return FieldError("style_picture_weights",
                    absl::StrCat("there are ", weights.size(), " weights for ", pictures, " style pictures"));
}

absl::Status CheckPictures(const Recipe& recipe, const Stylization::Pictures& pictures) {
  if (pictures.styles.empty()) return FieldError("styles", "there is no style picture");
  IMPASTO_RETURN_IF_ERROR(CheckStylePictureWeights(recipe.style_picture_weights, pictures.styles.size()));
  for (size_t i = 0; i < recipe.changes.size(); ++i) {
    IMPASTO_RETURN_IF_ERROR(
        InField(absl::StrCat("changes[", i, "]"),
                CheckStylePictureWeights(recipe.changes[i].style_picture_weights, pictures.styles.size())));
  }
  const Image &content = pictures.content, &init = pictures.init;
  if (recipe.init == Init::kPicture && (init.width != content.width || init.height != content.height)) {
    return FieldError("initial",
                      absl::StrCat("it is ", init.width, " x ", init.height, " pixels; the content is ",
                                   content.width, " x ", content.height));
  }
  return absl::OkStatus();
}

}  // namespace

struct Stylization::State {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Pictures> pictures;  // at the working size
  StyleStatisticsSource statistics;
  Recipe recipe;  // the values in force; its changes are still to come
  Size full;

  RunState run;  // but for the optimizer's, which is its own
  bool failed = false;

  // The level. Null where it has ended; an optimiser whose state the next level goes on from stays.
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Objective> objective;
  std::unique_ptr<Optimizer> optimizer;
  // By style picture, where there are several: what other shares of them are blended from. Kept, though they
  // are on disk or can be computed, for that would take time and a second plan's memory in the middle of a
  // run. With VGG19 it's 2.4 MB a picture.
  std::vector<std::shared_ptr<const StyleStatistics>> style_statistics;

  std::vector<float> input;     // scratch: preprocessed picture, then the gradient at it
  std::vector<float> gradient;  // of the picture

  int levels() const { return static_cast<int>(run.level_iterations.size()); }
  bool last_level() const { return run.level == levels() - 1; }
  Size SizeOf(int level) const { return SizeAtLevel(full, level, levels()); }
  // Evaluations that the level has; the last of them makes no step. Below the last level the enlargement is
  // what follows in its place.
  int level_evaluations() const { return run.level_iterations[run.level] + (last_level() ? 1 : 0); }
  bool Stalled() const;

  // Without anything of a level yet.
  static absl::StatusOr<std::unique_ptr<State>> Make(std::shared_ptr<const Model> model, Recipe recipe,
                                                     std::shared_ptr<const Pictures> pictures,
                                                     StyleStatisticsSource statistics);
  absl::Status Prepare();
  absl::Status MakeObjective();
  absl::StatusOr<std::shared_ptr<const StyleStatistics>> GetStatistics(
      size_t picture, const std::vector<std::string>& layers);
  void SetWeights();
  std::unique_ptr<Optimizer> MakeOptimizer() const;
  Image StartPicture() const;
  absl::Status BeginFinerLevel();
  void EndLevel();
  void Apply(RecipeChange change, Recipe changed);
  absl::Status ApplyPlannedChanges();
  absl::StatusOr<Losses> Evaluate(const Image& picture, bool with_gradient);
};

std::vector<Size> Stylization::Pictures::style_sizes() const {
  std::vector<Size> sizes;
  for (const StylePicture& style : styles) sizes.push_back(style.size);
  return sizes;
}

Stylization::Stylization(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stylization::~Stylization() = default;
bool Stylization::done() const { return state_->run.done; }
int Stylization::evaluations() const { return state_->run.evaluations; }
int Stylization::steps() const { return state_->run.steps; }
int Stylization::level() const { return state_->run.level; }
int Stylization::levels() const { return state_->levels(); }
const Recipe& Stylization::recipe() const { return state_->recipe; }
const std::vector<RecipeChange>& Stylization::changes() const { return state_->run.changes; }
const Image& Stylization::current() const { return state_->run.current; }
const Image& Stylization::best() const { return *state_->run.best; }
double Stylization::best_loss() const { return state_->run.best_loss; }
int Stylization::best_evaluation() const { return state_->run.best_evaluation; }
int Stylization::best_level() const { return state_->run.best_level; }
const std::vector<float>& Stylization::gradient() const { return state_->gradient; }

int Stylization::planned_steps() const {
  const std::vector<int>& split = state_->run.level_iterations;
  return std::accumulate(split.begin(), split.end(), 0);
}

double Stylization::remaining_evaluations() const {
  const State& s = *state_;
  if (s.run.done) return 0;
  double sum = s.run.level_ended ? 0 : s.level_evaluations() - s.run.level_evaluations;
  const auto pixels = static_cast<double>(s.run.current.pixels());
  for (int level = s.run.level + 1; level < s.levels(); ++level) {
    const Size size = s.SizeOf(level);
    const int evaluations = s.run.level_iterations[level] + (level == s.levels() - 1 ? 1 : 0);
    sum += evaluations * (static_cast<double>(size.width) * size.height / pixels);
  }
  return sum;
}

absl::StatusOr<std::unique_ptr<Stylization>> Stylization::Create(std::shared_ptr<const Model> model,
                                                                 Recipe recipe,
                                                                 std::shared_ptr<const Pictures> pictures,
                                                                 StyleStatisticsSource statistics) {
  IMPASTO_ASSIGN_OR_RETURN(
      std::unique_ptr<State> state,
      State::Make(std::move(model), std::move(recipe), std::move(pictures), std::move(statistics)));
  IMPASTO_RETURN_IF_ERROR(state->MakeObjective());
  RunState& run = state->run;
  run.current = state->StartPicture();
  run.best = std::make_shared<const Image>(run.current);
  run.best_loss = INFINITY;
  state->optimizer = state->MakeOptimizer();
  return std::unique_ptr<Stylization>(new Stylization(std::move(state)));
}

absl::StatusOr<std::unique_ptr<Stylization>> Stylization::Restore(std::shared_ptr<const Model> model,
                                                                  Recipe recipe,
                                                                  std::shared_ptr<const Pictures> pictures,
                                                                  RunState saved,
                                                                  StyleStatisticsSource statistics) {
  IMPASTO_ASSIGN_OR_RETURN(
      std::unique_ptr<State> state,
      State::Make(std::move(model), std::move(recipe), std::move(pictures), std::move(statistics)));
  IMPASTO_RETURN_IF_ERROR(CheckRunState(saved, state->full, state->levels()));

  // What the state already has of the recipe's changes isn't made again. Several can be at one step.
  std::vector<RecipeChange>& planned = state->recipe.changes;
  auto next = std::find_if(planned.begin(), planned.end(),
                           [&](const RecipeChange& change) { return change.steps >= saved.steps; });
  for (const RecipeChange& change : saved.changes) {
    if (change.steps == saved.steps && next != planned.end() && *next == change) ++next;
  }
  planned.erase(planned.begin(), next);
  for (const RecipeChange& change : saved.changes) {
    IMPASTO_RETURN_IF_ERROR(ApplyChange(change, &state->recipe));
  }
  IMPASTO_RETURN_IF_ERROR(ValidateRecipe(state->recipe, state->model->graph()));
  IMPASTO_RETURN_IF_ERROR(CheckPictures(state->recipe, *state->pictures));

  OptimizerState optimizer = std::move(saved.optimizer);
  saved.optimizer = {};
  state->run = std::move(saved);
  if (!state->run.done && !state->run.level_ended) IMPASTO_RETURN_IF_ERROR(state->MakeObjective());
  if (!optimizer.counters.empty()) {
    state->optimizer = state->MakeOptimizer();
    IMPASTO_RETURN_IF_ERROR(state->optimizer->RestoreState(std::move(optimizer)));
  } else if (state->plan != nullptr) {
    return absl::InvalidArgumentError("the state of the run has none of its optimizer");
  }
  return std::unique_ptr<Stylization>(new Stylization(std::move(state)));
}

RunState Stylization::SaveState() const {
  RunState saved = state_->run;
  if (state_->optimizer != nullptr) saved.optimizer = state_->optimizer->SaveState();
  return saved;
}

// What Create and Restore have in common: checks, and the levels.
absl::StatusOr<std::unique_ptr<Stylization::State>> Stylization::State::Make(
    std::shared_ptr<const Model> model, Recipe recipe, std::shared_ptr<const Pictures> pictures,
    StyleStatisticsSource statistics) {
  auto state = std::make_unique<State>();
  state->model = std::move(model);
  state->recipe = std::move(recipe);
  state->pictures = std::move(pictures);
  state->statistics = std::move(statistics);
  IMPASTO_RETURN_IF_ERROR(state->Prepare());
  return state;
}

absl::Status Stylization::State::Prepare() {
  IMPASTO_RETURN_IF_ERROR(ValidateRecipe(recipe, model->graph()));
  IMPASTO_RETURN_IF_ERROR(CheckPictures(recipe, *pictures));
  full = {pictures->content.width, pictures->content.height};
  recipe.pyramid_levels =
      PyramidLevels(recipe.pyramid_levels, recipe.iterations, full, pictures->style_sizes());
  run.level_iterations = LevelIterations(recipe.iterations, recipe.pyramid_levels);
  return absl::OkStatus();
}

Image Stylization::State::StartPicture() const {
  const Size size = SizeOf(0);
  if (recipe.init == Init::kNoise) return Noise(size.width, size.height, recipe.seed);
  return Resampled(recipe.init == Init::kPicture ? pictures->init : pictures->content, size.width,
                   size.height);
}

std::unique_ptr<Optimizer> Stylization::State::MakeOptimizer() const {
  const size_t size = run.current.rgb.size();
  if (recipe.optimizer == OptimizerKind::kLbfgs) {
    auto metric = std::make_shared<SmoothMetric>(run.current.width, run.current.height);
    return std::make_unique<Lbfgs>(
        LbfgsOptions{.history = recipe.lbfgs_history,
                     .metric = [metric](absl::Span<float> planes) { metric->Apply(planes); }},
        size);
  }
  const int steps = recipe.schedule == Schedule::kCosine ? run.level_iterations[run.level] : 0;
  return std::make_unique<Adam>(AdamOptions{.learning_rate = recipe.learning_rate,
                                            .beta1 = recipe.beta1,
                                            .beta2 = recipe.beta2,
                                            .epsilon = recipe.epsilon,
                                            .cosine_steps = steps},
                                size);
}

absl::StatusOr<std::shared_ptr<const StyleStatistics>> Stylization::State::GetStatistics(
    size_t picture, const std::vector<std::string>& layers) {
  const StylePicture& style = pictures->styles[picture];
  const Size size = SizeAtLevel(style.size, run.level, levels());
  const auto compute = [&]() -> absl::StatusOr<StyleStatistics> {
    IMPASTO_ASSIGN_OR_RETURN(const std::shared_ptr<const Image> image, style.pixels());
    if (Size{image->width, image->height} != style.size) {
      return absl::InternalError(absl::StrCat("the picture is ", image->width, " x ", image->height,
                                              " pixels, and was said to have ", style.size.width, " x ",
                                              style.size.height));
    }
    if (size == style.size) return ComputeStyleStatistics(*model, *image, layers, recipe.pooling);
    return ComputeStyleStatistics(*model, Resampled(*image, size.width, size.height), layers, recipe.pooling);
  };
  if (statistics == nullptr) {
    IMPASTO_ASSIGN_OR_RETURN(StyleStatistics computed, compute());
    return std::make_shared<const StyleStatistics>(std::move(computed));
  }
  return statistics({.model = *model,
                     .picture = static_cast<int>(picture),
                     .size = size,
                     .layers = layers,
                     .pooling = recipe.pooling,
                     .compute = compute});
}

// Plan and objective of the level.
absl::Status Stylization::State::MakeObjective() {
  const std::vector<std::string> style_layers = LayersOf(recipe.style_layers);
  // A layer that is both is tapped once.
  std::vector<std::string> taps = LayersOf(recipe.content_layers);
  for (const std::string& layer : style_layers) {
    if (IndexOf(taps, layer) == static_cast<int>(taps.size())) taps.push_back(layer);
  }
  // Before the content's plan is made: the style pictures' plans are gone by then, and their memory with
  // them.
  style_statistics.clear();
  for (size_t k = 0; k < pictures->styles.size(); ++k) {
    absl::StatusOr<std::shared_ptr<const StyleStatistics>> got = GetStatistics(k, style_layers);
    if (!got.ok()) return InField(absl::StrCat("styles[", k, "]"), got.status());
    style_statistics.push_back(*std::move(got));
  }

  const Size size = SizeOf(run.level);
  absl::StatusOr<std::unique_ptr<Plan>> compiled =
      model->executor().Compile(taps, size.height, size.width, recipe.pooling);
  if (!compiled.ok()) return InField("content", compiled.status());
  plan = *std::move(compiled);
  const bool mean = recipe.normalization == Normalization::kMean;
  std::vector<StyleTerm> style_terms;
  for (size_t i = 0; i < style_layers.size(); ++i) {
    StyleTerm term;
    term.tap = IndexOf(taps, style_layers[i]);
    const auto channels = static_cast<size_t>(plan->tap_shape(term.tap).channels);
    for (size_t k = 0; k < style_statistics.size(); ++k) {
      const StyleStatistics& of_picture = *style_statistics[k];
      if (of_picture.layers != style_layers || of_picture.grams.size() != style_layers.size() ||
          of_picture.grams[i].size() != channels * channels) {
        return absl::InternalError(
            absl::StrCat("styles[", k, "]: the statistics that were kept aren't of the run's layers"));
      }
    }
    term.normalizer = (mean ? 1.0 : 0.25) / static_cast<double>(channels * channels);
    style_terms.push_back(std::move(term));
  }

  std::vector<ContentTerm> content_terms;
  Preprocess(model->preprocessing(),
             last_level() ? pictures->content : Resampled(pictures->content, size.width, size.height),
             &input);
  IMPASTO_RETURN_IF_ERROR(plan->Forward(input, /*keep_gradient=*/false));
  for (const LayerWeight& layer : recipe.content_layers) {
    ContentTerm term;
    term.tap = IndexOf(taps, layer.layer);
    term.normalizer = mean ? 1.0 / static_cast<double>(plan->tap_shape(term.tap).elements()) : 1.0;
    IMPASTO_ASSIGN_OR_RETURN(term.target, plan->Store(term.tap));
    content_terms.push_back(std::move(term));
  }
  objective = std::make_unique<Objective>(std::move(content_terms), std::move(style_terms));
  SetWeights();
  if (style_statistics.size() == 1) style_statistics.clear();
  return absl::OkStatus();
}

// The objective's weights and blends from the recipe.
void Stylization::State::SetWeights() {
  for (size_t i = 0; i < recipe.content_layers.size(); ++i)
    objective->content()[i].weight = recipe.content_weight * recipe.content_layers[i].weight;
  const std::vector<double> shares = Shares(recipe.style_picture_weights, style_statistics.size());
  for (size_t i = 0; i < recipe.style_layers.size(); ++i) {
    StyleTerm& term = objective->style()[i];
    term.weight = recipe.style_weight * recipe.style_layers[i].weight;
    if (style_statistics.empty()) continue;  // one picture: its share is always the whole
    std::vector<absl::Span<const float>> grams;
    for (const auto& of_picture : style_statistics) grams.emplace_back(of_picture->grams[i]);
    BlendGrams(grams, shares, &term.target, &term.spread);
  }
}

absl::Status Stylization::State::BeginFinerLevel() {
  const Size coarse{run.current.width, run.current.height};
  OptimizerState moments;
  if (optimizer != nullptr) moments = optimizer->SaveState();
  optimizer.reset();
  ++run.level;
  run.level_evaluations = 0;
  run.level_ended = false;
  run.stall_window.clear();
  run.best_loss_is_stale = false;  // the level's first evaluation takes its place
  IMPASTO_RETURN_IF_ERROR(MakeObjective());
  const Size size = SizeOf(run.level);
  run.current = Resampled(run.current, size.width, size.height);
  optimizer = MakeOptimizer();
  if (moments.vectors.empty()) return absl::OkStatus();
  return optimizer->RestoreState(EnlargedAdamState(moments, coarse, size));
}

bool Stylization::State::Stalled() const {
  const std::vector<double>& window = run.stall_window;
  if (recipe.stall_evaluations == 0 || static_cast<int>(window.size()) <= recipe.stall_evaluations)
    return false;
  return window.front() - window.back() < recipe.stall_improvement * window.front();
}

void Stylization::State::Apply(RecipeChange change, Recipe changed) {
  const bool same_objective = SameObjective(recipe, changed);
  recipe = std::move(changed);
  if (change.iterations.has_value()) {
    run.level_iterations = ReshareIterations(recipe.iterations, run.level_iterations,
                                             run.level_ended ? run.level + 1 : run.level,
                                             run.level_ended ? 0 : run.level_evaluations);
  }
  if (!same_objective) {
    if (objective != nullptr) SetWeights();
    if (optimizer != nullptr) optimizer->ObjectiveChanged();
    run.stall_window.clear();
    run.best_loss_is_stale = run.level_evaluations > 0;
  }
  if (optimizer != nullptr) optimizer->SetRate(recipe.learning_rate, run.level_iterations[run.level]);
  run.changes.push_back(std::move(change));
}

absl::Status Stylization::State::ApplyPlannedChanges() {
  std::vector<RecipeChange>& planned = recipe.changes;
  while (!planned.empty() && planned.front().steps == run.steps) {
    RecipeChange change = std::move(planned.front());
    planned.erase(planned.begin());
    Recipe changed = recipe;
    IMPASTO_RETURN_IF_ERROR(ApplyChange(change, &changed));
    Apply(std::move(change), std::move(changed));
  }
  return absl::OkStatus();
}

absl::Status Stylization::Change(RecipeChange change) {
  State& s = *state_;
  if (s.run.done || s.failed) return absl::FailedPreconditionError("the run is over: nothing can be changed");
  change.steps = s.run.steps;
  if (change == RecipeChange{.steps = change.steps}) return absl::OkStatus();
  if (s.run.changes.size() + s.recipe.changes.size() >= kMaxRecipeChanges) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the run has ", kMaxRecipeChanges, " changes: it can't have more"));
  }
  Recipe changed = s.recipe;
  IMPASTO_RETURN_IF_ERROR(ApplyChange(change, &changed));
  IMPASTO_RETURN_IF_ERROR(ValidateRecipe(changed, s.model->graph()));
  IMPASTO_RETURN_IF_ERROR(CheckPictures(changed, *s.pictures));
  s.Apply(std::move(change), std::move(changed));
  return absl::OkStatus();
}

// The losses of a picture of the level's size; its gradient, where wanted, is in `gradient`.
absl::StatusOr<Losses> Stylization::State::Evaluate(const Image& picture, bool with_gradient) {
  Preprocess(model->preprocessing(), picture, &input);
  IMPASTO_RETURN_IF_ERROR(plan->Forward(input, with_gradient));
  IMPASTO_ASSIGN_OR_RETURN(Objective::Value value, objective->Evaluate(plan.get(), with_gradient));

  Losses losses;
  losses.level = run.level;
  losses.content_layers = std::move(value.content);
  losses.style_layers = std::move(value.style);
  for (size_t i = 0; i < losses.content_layers.size(); ++i)
    losses.content += recipe.content_layers[i].weight * losses.content_layers[i];
  for (size_t i = 0; i < losses.style_layers.size(); ++i)
    losses.style += recipe.style_layers[i].weight * losses.style_layers[i];
  if (with_gradient) {
    IMPASTO_RETURN_IF_ERROR(plan->Backward(absl::MakeSpan(input)));
    PreprocessGradient(model->preprocessing(), picture.pixels(), input, &gradient);
  }
  if (recipe.tv_weight > 0) {
    losses.tv = TotalVariation(picture.rgb, picture.height, picture.width, recipe.tv_weight,
                               with_gradient ? absl::MakeSpan(gradient) : absl::Span<float>());
  }
  losses.total = value.total + recipe.tv_weight * losses.tv;
  if (!std::isfinite(losses.total) || (with_gradient && !AllFinite(gradient))) {
    return absl::DataLossError(absl::StrCat(
        "the ", std::isfinite(losses.total) ? "gradient" : "loss", " of step ", run.evaluations + 1,
        " is not a finite number: a smaller learning rate or smaller weights may help"));
  }
  return losses;
}

absl::StatusOr<Losses> Stylization::Step() {
  State& s = *state_;
  RunState& run = s.run;
  if (run.done) return absl::OutOfRangeError("every step is made");
  if (s.failed) return absl::FailedPreconditionError("an earlier step failed");
  s.failed = true;  // until this one is through
  IMPASTO_RETURN_IF_ERROR(s.ApplyPlannedChanges());
  if (run.level_ended) IMPASTO_RETURN_IF_ERROR(s.BeginFinerLevel());
  if (run.best_loss_is_stale) {
    IMPASTO_ASSIGN_OR_RETURN(const Losses best, s.Evaluate(*run.best, /*with_gradient=*/false));
    run.best_loss = best.total;
    run.best_loss_is_stale = false;
  }

  const bool planned_end = run.level_evaluations + 1 >= s.level_evaluations();
  IMPASTO_ASSIGN_OR_RETURN(Losses losses, s.Evaluate(run.current, /*with_gradient=*/!planned_end));
  ++run.evaluations;
  ++run.level_evaluations;
  // The loss belongs to the picture that it was computed on, not to the one after the step; and losses of
  // different levels don't compare: the finest level's picture is the best from its first evaluation on.
  if (run.level_evaluations == 1 || losses.total < run.best_loss) {
    run.best_loss = losses.total;
    run.best_evaluation = run.evaluations;
    run.best_level = run.level;
    run.best = std::make_shared<const Image>(run.current);  // a saved state may share the one before
  }
  if (s.recipe.stall_evaluations > 0) {
    if (static_cast<int>(run.stall_window.size()) > s.recipe.stall_evaluations)
      run.stall_window.erase(run.stall_window.begin());
    run.stall_window.push_back(run.best_loss);
  }
  if (planned_end || s.Stalled()) {
    s.EndLevel();
  } else {
    s.optimizer->Step(losses.total, s.gradient, absl::MakeSpan(run.current.rgb));
    ++run.steps;
  }
  s.failed = false;
  return losses;
}

// Gives back all that the next level has no use for.
void Stylization::State::EndLevel() {
  plan.reset();
  objective.reset();
  style_statistics.clear();
  if (last_level() || recipe.optimizer != OptimizerKind::kAdam) optimizer.reset();
  if (last_level()) {
    run.level_iterations[run.level] = run.level_evaluations - 1;
    run.done = true;
    return;
  }
  run.level_iterations[run.level] = run.level_evaluations;
  // What comes in place of a step here: the best picture, and in the next call its enlargement. A picture
  // that was never evaluated doesn't go up.
  run.current = *run.best;
  run.level_ended = true;
  ++run.steps;
}

}  // namespace impasto::engine
