#include "engine/stylization.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "engine/objective/objective.h"
#include "engine/objective/total_variation.h"
#include "engine/optimizers/adam.h"

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
absl::StatusOr<std::vector<std::vector<std::vector<float>>>> StyleGrams(const Model& model,
                                                                        const Recipe& recipe,
                                                                        const std::vector<Image>& styles) {
  const std::vector<std::string> taps = LayersOf(recipe.style_layers);
  std::vector<std::vector<std::vector<float>>> grams(taps.size(),
                                                     std::vector<std::vector<float>>(styles.size()));
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

}  // namespace

struct Stylization::State {
  std::shared_ptr<const Model> model;
  Recipe recipe;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Objective> objective;
  std::unique_ptr<Adam> adam;
  Image current;
  Image best;
  double best_loss = INFINITY;
  int best_evaluation = 0;
  int evaluations = 0;
  bool failed = false;
  std::vector<float> input;     // scratch: preprocessed picture, then the gradient at it
  std::vector<float> gradient;  // of the picture

  bool done() const { return evaluations > recipe.iterations; }
};

Stylization::Stylization(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stylization::~Stylization() = default;
bool Stylization::done() const { return state_->done(); }
int Stylization::evaluations() const { return state_->evaluations; }
const Recipe& Stylization::recipe() const { return state_->recipe; }
const Image& Stylization::current() const { return state_->current; }
const Image& Stylization::best() const { return state_->best; }
double Stylization::best_loss() const { return state_->best_loss; }
int Stylization::best_evaluation() const { return state_->best_evaluation; }
const std::vector<float>& Stylization::gradient() const { return state_->gradient; }

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
  auto state = std::make_unique<State>();
  state->model = std::move(model);
  const int height = pictures.content.height;
  const int width = pictures.content.width;

  // A layer that is both is tapped once.
  std::vector<std::string> taps = LayersOf(recipe.content_layers);
  for (const LayerWeight& layer : recipe.style_layers) {
    if (IndexOf(taps, layer.layer) == static_cast<int>(taps.size())) taps.push_back(layer.layer);
  }
  absl::StatusOr<std::unique_ptr<Plan>> plan =
      state->model->executor().Compile(taps, height, width, recipe.pooling);
  if (!plan.ok()) return InField("content", plan.status());
  state->plan = std::move(*plan);

  const bool mean = recipe.normalization == Normalization::kMean;
  std::vector<StyleTerm> style_terms;
  IMPASTO_ASSIGN_OR_RETURN(auto grams, StyleGrams(*state->model, recipe, pictures.styles));
  const std::vector<double> shares = Shares(recipe.style_picture_weights, pictures.styles.size());
  for (size_t i = 0; i < recipe.style_layers.size(); ++i) {
    StyleTerm term;
    term.tap = IndexOf(taps, recipe.style_layers[i].layer);
    const double n = state->plan->tap_shape(term.tap).channels;
    term.weight = recipe.style_weight * recipe.style_layers[i].weight;
    term.normalizer = (mean ? 1.0 : 0.25) / (n * n);
    BlendGrams(grams[i], shares, &term.target, &term.spread);
    style_terms.push_back(std::move(term));
  }
  pictures.styles.clear();

  std::vector<ContentTerm> content_terms;
  Preprocess(state->model->preprocessing(), pictures.content, &state->input);
  IMPASTO_RETURN_IF_ERROR(state->plan->Forward(state->input, /*keep_gradient=*/false));
  for (const LayerWeight& layer : recipe.content_layers) {
    ContentTerm term;
    term.tap = IndexOf(taps, layer.layer);
    term.weight = recipe.content_weight * layer.weight;
    term.normalizer = mean ? 1.0 / static_cast<double>(state->plan->tap_shape(term.tap).elements()) : 1.0;
    IMPASTO_ASSIGN_OR_RETURN(term.target, state->plan->Store(term.tap));
    content_terms.push_back(std::move(term));
  }
  state->objective = std::make_unique<Objective>(std::move(content_terms), std::move(style_terms));

  switch (recipe.init) {
    case Init::kContent:
      state->current = std::move(pictures.content);
      break;
    case Init::kNoise:
      state->current = Noise(width, height, recipe.seed);
      break;
    case Init::kPicture:
      if (pictures.init.width != width || pictures.init.height != height) {
        return FieldError("initial", absl::StrCat("it is ", pictures.init.width, " x ", pictures.init.height,
                                                  " pixels; the content is ", width, " x ", height));
      }
      state->current = std::move(pictures.init);
      break;
  }
  state->best = state->current;
  state->adam = std::make_unique<Adam>(AdamOptions{.learning_rate = recipe.learning_rate,
                                                   .beta1 = recipe.beta1,
                                                   .beta2 = recipe.beta2,
                                                   .epsilon = recipe.epsilon},
                                       state->current.rgb.size());
  state->recipe = std::move(recipe);
  return std::unique_ptr<Stylization>(new Stylization(std::move(state)));
}

absl::StatusOr<Losses> Stylization::Step() {
  State& s = *state_;
  if (s.done()) return absl::OutOfRangeError("every step is made");
  if (s.failed) return absl::FailedPreconditionError("an earlier step failed");
  s.failed = true;  // until this one is through
  const bool last = s.evaluations == s.recipe.iterations;

  Preprocess(s.model->preprocessing(), s.current, &s.input);
  IMPASTO_RETURN_IF_ERROR(s.plan->Forward(s.input, /*keep_gradient=*/!last));
  IMPASTO_ASSIGN_OR_RETURN(Objective::Value value, s.objective->Evaluate(s.plan.get(), /*gradient=*/!last));

  Losses losses;
  losses.content_layers = std::move(value.content);
  losses.style_layers = std::move(value.style);
  for (size_t i = 0; i < losses.content_layers.size(); ++i)
    losses.content += s.recipe.content_layers[i].weight * losses.content_layers[i];
  for (size_t i = 0; i < losses.style_layers.size(); ++i)
    losses.style += s.recipe.style_layers[i].weight * losses.style_layers[i];
  if (!last) {
    IMPASTO_RETURN_IF_ERROR(s.plan->Backward(absl::MakeSpan(s.input)));
    PreprocessGradient(s.model->preprocessing(), s.current.pixels(), s.input, &s.gradient);
  }
  if (s.recipe.tv_weight > 0) {
    losses.tv = TotalVariation(s.current.rgb, s.current.height, s.current.width, s.recipe.tv_weight,
                               last ? absl::Span<float>() : absl::MakeSpan(s.gradient));
  }
  losses.total = value.total + s.recipe.tv_weight * losses.tv;
  if (!std::isfinite(losses.total) || (!last && !AllFinite(s.gradient))) {
    return absl::DataLossError(absl::StrCat(
        "the ", std::isfinite(losses.total) ? "gradient" : "loss", " of step ", s.evaluations + 1,
        " is not a finite number: a smaller learning rate or smaller weights may help"));
  }

  ++s.evaluations;
  // The loss belongs to the picture that it was computed on, not to the one after the step.
  if (losses.total < s.best_loss) {
    s.best_loss = losses.total;
    s.best_evaluation = s.evaluations;
    s.best.rgb = s.current.rgb;
  }
  if (!last) s.adam->Step(s.gradient, absl::MakeSpan(s.current.rgb));
  s.failed = false;
  return losses;
}

}  // namespace impasto::engine
