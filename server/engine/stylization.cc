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
#include "engine/pyramid.h"

namespace impasto::engine {
namespace {

// RGB 0..255 to what the network wants; `gradient` is the way back of a gradient.
void Preprocess(const Preprocessing& p, const Image& image, std::vector<float>* input) {
  const size_t plane = image.pixels();
  input->resize(3 * plane);
  for (size_t c = 0; c < 3; ++c) {
    const float* from = image.rgb.data() + (p.bgr ? 2 - c : c) * plane;
    float* to = input->data() + c * plane;
    const float factor = p.scale / p.deviation[c];
    const float offset = p.mean[c] / p.deviation[c];
    for (size_t i = 0; i < plane; ++i) to[i] = from[i] * factor - offset;
  }
}

void PreprocessGradient(const Preprocessing& p, size_t plane, const std::vector<float>& input_gradient,
                        std::vector<float>* gradient) {
  gradient->resize(3 * plane);
  for (size_t c = 0; c < 3; ++c) {
    const float* from = input_gradient.data() + c * plane;
    float* to = gradient->data() + (p.bgr ? 2 - c : c) * plane;
    const float factor = p.scale / p.deviation[c];
    for (size_t i = 0; i < plane; ++i) to[i] = from[i] * factor;
  }
}

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

// By style layer, by picture: the Gram matrices.
using Grams = std::vector<std::vector<std::vector<float>>>;
absl::StatusOr<Grams> StyleGrams(const Model& model, const Recipe& recipe, const std::vector<Image>& styles) {
  const std::vector<std::string> taps = LayersOf(recipe.style_layers);
  Grams grams(taps.size(), std::vector<std::vector<float>>(styles.size()));
  std::vector<float> input;
  for (size_t k = 0; k < styles.size() && !taps.empty(); ++k) {
    absl::StatusOr<std::unique_ptr<Plan>> plan =
        model.executor().Compile(taps, styles[k].height, styles[k].width, recipe.pooling);
    if (!plan.ok()) return InField(absl::StrCat("styles[", k, "]"), plan.status());
    Preprocess(model.preprocessing(), styles[k], &input);
    IMPASTO_RETURN_IF_ERROR((*plan)->Forward(input, /*keep_gradient=*/false));
    for (size_t t = 0; t < taps.size(); ++t)
      IMPASTO_RETURN_IF_ERROR((*plan)->Gram(static_cast<int>(t), &grams[t][k]));
  }
  return grams;
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

std::unique_ptr<Optimizer> MakeOptimizer(const Recipe& recipe, int steps, const Image& picture) {
  const size_t size = picture.rgb.size();
  if (recipe.optimizer == OptimizerKind::kLbfgs) {
    auto metric = std::make_shared<SmoothMetric>(picture.width, picture.height);
    return std::make_unique<Lbfgs>(
        LbfgsOptions{.history = recipe.lbfgs_history,
                     .metric = [metric](absl::Span<float> planes) { metric->Apply(planes); }},
        size);
  }
  return std::make_unique<Adam>(AdamOptions{.learning_rate = recipe.learning_rate,
                                            .beta1 = recipe.beta1,
                                            .beta2 = recipe.beta2,
                                            .epsilon = recipe.epsilon,
                                            .cosine_steps = recipe.schedule == Schedule::kCosine ? steps : 0},
                                size);
}

}  // namespace

struct Stylization::State {
  std::shared_ptr<const Model> model;
  Recipe recipe;
  Pictures pictures;  // at the working size, until the last level has begun
  Size full;
  std::vector<int> level_iterations;

  // The level.
  int level = 0;
  bool level_ended = false;        // the next step begins the next level
  std::vector<double> level_best;  // the lowest loss up to each evaluation of this level
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Objective> objective;
  std::unique_ptr<Optimizer> optimizer;
  Image current;

  // Of the finest level that has been evaluated.
  Image best;
  double best_loss = INFINITY;
  int best_evaluation = 0;
  int best_level = 0;

  int evaluations = 0;
  int steps = 0;
  int planned_steps = 0;
  bool done = false;
  bool failed = false;
  std::vector<float> input;     // scratch: preprocessed picture, then the gradient at it
  std::vector<float> gradient;  // of the picture

  int levels() const { return static_cast<int>(level_iterations.size()); }
  bool last_level() const { return level == levels() - 1; }
  // Evaluations that the level has; the last of them makes no step. Below the last level the enlargement is
  // what follows in its place.
  int level_evaluations() const { return level_iterations[level] + (last_level() ? 1 : 0); }
  bool Stalled() const;

  absl::Status BeginLevel();
  absl::Status MakeObjective(const Image& content, const std::vector<Image>& styles);
  absl::Status BeginFinerLevel();
  void EndLevel();
};

Stylization::Stylization(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stylization::~Stylization() = default;
bool Stylization::done() const { return state_->done; }
int Stylization::evaluations() const { return state_->evaluations; }
int Stylization::steps() const { return state_->steps; }
int Stylization::planned_steps() const { return state_->planned_steps; }
int Stylization::level() const { return state_->level; }
int Stylization::levels() const { return state_->levels(); }
const Recipe& Stylization::recipe() const { return state_->recipe; }
const Image& Stylization::current() const { return state_->current; }
const Image& Stylization::best() const { return state_->best; }
double Stylization::best_loss() const { return state_->best_loss; }
int Stylization::best_evaluation() const { return state_->best_evaluation; }
int Stylization::best_level() const { return state_->best_level; }
const std::vector<float>& Stylization::gradient() const { return state_->gradient; }

double Stylization::remaining_evaluations() const {
  const State& s = *state_;
  if (s.done) return 0;
  double sum = s.level_ended ? 0 : s.level_evaluations() - static_cast<double>(s.level_best.size());
  const auto pixels = static_cast<double>(s.current.pixels());
  for (int level = s.level + 1; level < s.levels(); ++level) {
    const Size size = SizeAtLevel(s.full, level, s.levels());
    const int evaluations = s.level_iterations[level] + (level == s.levels() - 1 ? 1 : 0);
    sum += evaluations * (static_cast<double>(size.width) * size.height / pixels);
  }
  return sum;
}

absl::StatusOr<std::unique_ptr<Stylization>> Stylization::Create(std::shared_ptr<const Model> model,
                                                                 Recipe recipe, Pictures pictures) {
  IMPASTO_RETURN_IF_ERROR(ValidateRecipe(recipe, model->graph()));
  if (pictures.styles.empty()) return FieldError("styles", "there is no style picture");
  if (!recipe.style_picture_weights.empty() &&
      recipe.style_picture_weights.size() != pictures.styles.size()) {
    return FieldError("style_picture_weights",
                      absl::StrCat("there are ", recipe.style_picture_weights.size(), " weights for ",
                                   pictures.styles.size(), " style pictures"));
  }
  const Size full{pictures.content.width, pictures.content.height};
  if (recipe.init == Init::kPicture &&
      (pictures.init.width != full.width || pictures.init.height != full.height)) {
    return FieldError("initial", absl::StrCat("it is ", pictures.init.width, " x ", pictures.init.height,
                                              " pixels; the content is ", full.width, " x ", full.height));
  }
  recipe.pyramid_levels = PyramidLevels(recipe.pyramid_levels, recipe.iterations, full, pictures.styles);
  auto state = std::make_unique<State>();
  state->model = std::move(model);
  state->full = full;
  state->level_iterations = LevelIterations(recipe.iterations, recipe.pyramid_levels);
  state->planned_steps = recipe.iterations;
  state->pictures = std::move(pictures);
  state->recipe = std::move(recipe);
  IMPASTO_RETURN_IF_ERROR(state->BeginLevel());
  state->best = state->current;
  return std::unique_ptr<Stylization>(new Stylization(std::move(state)));
}

// Plan, objective, picture and optimiser of `level`. What the level before had is freed by now, but for its
// picture in `current`.
absl::Status Stylization::State::BeginLevel() {
  const Size size = SizeAtLevel(full, level, levels());
  Pictures scaled;
  if (last_level()) {
    scaled = std::move(pictures);
    pictures = {};
  } else {
    scaled.content = Resampled(pictures.content, size.width, size.height);
    for (const Image& style : pictures.styles) {
      const Size style_size = SizeAtLevel({style.width, style.height}, level, levels());
      scaled.styles.push_back(Resampled(style, style_size.width, style_size.height));
    }
    if (level == 0 && recipe.init == Init::kPicture) {
      scaled.init = Resampled(pictures.init, size.width, size.height);
      pictures.init = {};
    }
  }
  IMPASTO_RETURN_IF_ERROR(MakeObjective(scaled.content, scaled.styles));
  if (level > 0) {
    current = Resampled(current, size.width, size.height);
  } else if (recipe.init == Init::kContent) {
    current = std::move(scaled.content);
  } else {
    current =
        recipe.init == Init::kPicture ? std::move(scaled.init) : Noise(size.width, size.height, recipe.seed);
  }
  optimizer = MakeOptimizer(recipe, level_iterations[level], current);
  level_best.clear();
  return absl::OkStatus();
}

absl::Status Stylization::State::MakeObjective(const Image& content, const std::vector<Image>& styles) {
  // A layer that is both is tapped once.
  std::vector<std::string> taps = LayersOf(recipe.content_layers);
  for (const LayerWeight& layer : recipe.style_layers) {
    if (IndexOf(taps, layer.layer) == static_cast<int>(taps.size())) taps.push_back(layer.layer);
  }
  const bool mean = recipe.normalization == Normalization::kMean;
  // Before the content's plan is made: the style pictures' plans are gone by then, and their memory with
  // them.
  IMPASTO_ASSIGN_OR_RETURN(const Grams grams, StyleGrams(*model, recipe, styles));
  const std::vector<double> shares = Shares(recipe.style_picture_weights, styles.size());
  std::vector<StyleTerm> style_terms;
  for (size_t i = 0; i < recipe.style_layers.size(); ++i) {
    StyleTerm term;
    term.tap = IndexOf(taps, recipe.style_layers[i].layer);
    term.weight = recipe.style_weight * recipe.style_layers[i].weight;
    BlendGrams(grams[i], shares, &term.target, &term.spread);
    term.normalizer = (mean ? 1.0 : 0.25) / static_cast<double>(term.target.size());
    style_terms.push_back(std::move(term));
  }

  absl::StatusOr<std::unique_ptr<Plan>> compiled =
      model->executor().Compile(taps, content.height, content.width, recipe.pooling);
  if (!compiled.ok()) return InField("content", compiled.status());
  plan = *std::move(compiled);
  std::vector<ContentTerm> content_terms;
  Preprocess(model->preprocessing(), content, &input);
  IMPASTO_RETURN_IF_ERROR(plan->Forward(input, /*keep_gradient=*/false));
  for (const LayerWeight& layer : recipe.content_layers) {
    ContentTerm term;
    term.tap = IndexOf(taps, layer.layer);
    term.weight = recipe.content_weight * layer.weight;
    term.normalizer = mean ? 1.0 / static_cast<double>(plan->tap_shape(term.tap).elements()) : 1.0;
    IMPASTO_ASSIGN_OR_RETURN(term.target, plan->Store(term.tap));
    content_terms.push_back(std::move(term));
  }
  objective = std::make_unique<Objective>(std::move(content_terms), std::move(style_terms));
  return absl::OkStatus();
}

absl::Status Stylization::State::BeginFinerLevel() {
  const Size coarse{current.width, current.height};
  OptimizerState moments;
  const bool carry = recipe.optimizer == OptimizerKind::kAdam;
  if (carry) moments = optimizer->SaveState();
  // The next plan needs the memory.
  plan.reset();
  objective.reset();
  optimizer.reset();
  ++level;
  IMPASTO_RETURN_IF_ERROR(BeginLevel());
  level_ended = false;
  if (!carry) return absl::OkStatus();
  // Losses are means over positions: where a pixel becomes four, each has a quarter of its gradient. The
  // filter has no negative weights: a mean of squares stays one.
  const double share =
      static_cast<double>(coarse.width) * coarse.height / static_cast<double>(current.pixels());
  for (size_t moment = 0; moment < moments.vectors.size(); ++moment) {
    std::vector<float>& values = moments.vectors[moment];
    values = Resampled(values, coarse.width, coarse.height, current.width, current.height, Filter::kLinear);
    const auto factor = static_cast<float>(moment == 0 ? share : share * share);
    for (float& value : values) value *= factor;
  }
  return optimizer->RestoreState(std::move(moments));
}

bool Stylization::State::Stalled() const {
  const auto window = static_cast<size_t>(recipe.stall_evaluations);
  if (window == 0 || level_best.size() <= window) return false;
  const double before = level_best[level_best.size() - 1 - window];
  return before - level_best.back() < recipe.stall_improvement * before;
}

absl::StatusOr<Losses> Stylization::Step() {
  State& s = *state_;
  if (s.done) return absl::OutOfRangeError("every step is made");
  if (s.failed) return absl::FailedPreconditionError("an earlier step failed");
  s.failed = true;  // until this one is through
  if (s.level_ended) IMPASTO_RETURN_IF_ERROR(s.BeginFinerLevel());

  Preprocess(s.model->preprocessing(), s.current, &s.input);
  const bool planned_end = static_cast<int>(s.level_best.size()) + 1 == s.level_evaluations();
  IMPASTO_RETURN_IF_ERROR(s.plan->Forward(s.input, /*keep_gradient=*/!planned_end));
  IMPASTO_ASSIGN_OR_RETURN(Objective::Value value,
                           s.objective->Evaluate(s.plan.get(), /*gradient=*/!planned_end));

  Losses losses;
  losses.level = s.level;
  losses.content_layers = std::move(value.content);
  losses.style_layers = std::move(value.style);
  for (size_t i = 0; i < losses.content_layers.size(); ++i)
    losses.content += s.recipe.content_layers[i].weight * losses.content_layers[i];
  for (size_t i = 0; i < losses.style_layers.size(); ++i)
    losses.style += s.recipe.style_layers[i].weight * losses.style_layers[i];
  if (!planned_end) {
    IMPASTO_RETURN_IF_ERROR(s.plan->Backward(absl::MakeSpan(s.input)));
    PreprocessGradient(s.model->preprocessing(), s.current.pixels(), s.input, &s.gradient);
  }
  if (s.recipe.tv_weight > 0) {
    losses.tv = TotalVariation(s.current.rgb, s.current.height, s.current.width, s.recipe.tv_weight,
                               planned_end ? absl::Span<float>() : absl::MakeSpan(s.gradient));
  }
  losses.total = value.total + s.recipe.tv_weight * losses.tv;
  if (!std::isfinite(losses.total) || (!planned_end && !AllFinite(s.gradient))) {
    return absl::DataLossError(absl::StrCat(
        "the ", std::isfinite(losses.total) ? "gradient" : "loss", " of step ", s.evaluations + 1,
        " is not a finite number: a smaller learning rate or smaller weights may help"));
  }

  ++s.evaluations;
  // The loss belongs to the picture that it was computed on, not to the one after the step; and losses of
  // different levels don't compare: the finest level's picture is the best from its first evaluation on.
  if (s.level_best.empty() || losses.total < s.best_loss) {
    s.best_loss = losses.total;
    s.best_evaluation = s.evaluations;
    s.best_level = s.level;
    s.best = s.current;
  }
  s.level_best.push_back(s.best_loss);
  if (planned_end || s.Stalled()) {
    s.EndLevel();
  } else {
    s.optimizer->Step(losses.total, s.gradient, absl::MakeSpan(s.current.rgb));
    ++s.steps;
  }
  s.failed = false;
  return losses;
}

void Stylization::State::EndLevel() {
  const int left = level_evaluations() - static_cast<int>(level_best.size());
  planned_steps -= left;
  if (last_level()) {
    done = true;
    return;
  }
  // What comes in place of a step here: the best picture, and in the next call its enlargement. A picture
  // that was never evaluated doesn't go up.
  current = best;
  level_ended = true;
  ++steps;
}

}  // namespace impasto::engine
