#include "engine/memory_forecast.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "engine/pyramid.h"

namespace impasto::engine {
namespace {

constexpr int64_t kFloat = sizeof(float);

int64_t Pixels(Size size) { return int64_t{size.width} * size.height; }
// A picture, a gradient, a moment: three planes.
int64_t Planes(Size size) { return 3 * kFloat * Pixels(size); }

void AddLayers(const std::vector<LayerWeight>& layers, std::vector<std::string>* taps) {
  for (const LayerWeight& layer : layers) {
    if (std::find(taps->begin(), taps->end(), layer.layer) == taps->end()) taps->push_back(layer.layer);
  }
}

// One Gram matrix for each style layer.
int64_t GramBytes(const Graph& graph, const std::vector<LayerWeight>& layers) {
  int64_t bytes = 0;
  for (const LayerWeight& layer : layers) {
    const int64_t channels = graph.nodes()[static_cast<size_t>(graph.Find(layer.layer))].channels;
    bytes += kFloat * channels * channels;
  }
  return bytes;
}

// What an optimiser takes for a picture.
struct OptimizerBytes {
  int64_t made = 0;        // before its first step
  int64_t most = 0;        // in the midst of a step
  int64_t saved = 0;       // its saved state alone
  int64_t checkpoint = 0;  // what a saved state holds beside the optimiser, a step after it was taken
};

OptimizerBytes OptimizerOf(const Recipe& recipe, int iterations, Size size) {
  const int64_t planes = Planes(size);
  if (recipe.optimizer == OptimizerKind::kAdam) {
    const int64_t moments = 2 * planes;
    return {.made = moments, .most = moments, .saved = moments, .checkpoint = moments};
  }
  // A direction, and the metric's scratch: a quarter and a half of a plane, and of its halves.
  const int64_t made = planes + kFloat * Pixels(size);
  // Pairs, the accepted point with its gradient, and a new pair before that is let go. A saved state shares
  // them all, and keeps the point when the run has gone on from it.
  const int64_t pair = 2 * planes;
  return {.made = made,
          .most = made + std::min(recipe.lbfgs_history + 2, iterations) * pair,
          .saved = std::min(recipe.lbfgs_history + 1, iterations) * pair,
          .checkpoint = pair};
}

// All levels of a run whose recipe has its pyramid_levels.
class Forecaster {
 public:
  Forecaster(const Model& model, const Recipe& recipe, Size content, const std::vector<Size>& styles)
      : model_(model),
        recipe_(recipe),
        content_(content),
        styles_(styles),
        iterations_(LevelIterations(recipe.iterations, recipe.pyramid_levels)),
        grams_(GramBytes(model.graph(), recipe.style_layers)) {
    AddLayers(recipe.style_layers, &style_taps_);
    AddLayers(recipe.content_layers, &taps_);
    AddLayers(recipe.style_layers, &taps_);
    pictures_ = (recipe.init == Init::kPicture ? 2 : 1) * Planes(content);
  }

  absl::StatusOr<MemoryForecast> Make() {
    for (int level = 0; level < recipe_.pyramid_levels; ++level) IMPASTO_RETURN_IF_ERROR(AddLevel(level));
    forecast_.peak_bytes += weights_;
    return forecast_;
  }

 private:
  void See(int64_t bytes) { forecast_.peak_bytes = std::max(forecast_.peak_bytes, pictures_ + bytes); }

  absl::Status AddLevel(int level) {
    const int levels = recipe_.pyramid_levels;
    const bool adam = recipe_.optimizer == OptimizerKind::kAdam;
    const Size size = SizeAtLevel(content_, level, levels);
    const int64_t planes = Planes(size);
    const OptimizerBytes optimizer = OptimizerOf(recipe_, iterations_[static_cast<size_t>(level)], size);
    const int64_t state = 2 * planes + optimizer.saved;  // with the current picture and the best one
    forecast_.waiting_bytes = std::max(forecast_.waiting_bytes, pictures_ + state);

    // What is there when the level is prepared: of a run that goes on from the coarser level its pictures,
    // scratch space and moments; or a saved state.
    const int64_t coarse = level == 0 ? 0 : Planes(SizeAtLevel(content_, level - 1, levels));
    const int64_t moments = adam ? 2 * coarse : 0;
    const int64_t before = std::max(4 * coarse + moments, state);
    for (size_t k = 0; k < styles_.size() && !style_taps_.empty(); ++k) {
      const Size style = SizeAtLevel(styles_[k], level, levels);
      const absl::StatusOr<PlanForecast> plan = model_.executor().Forecast(
          style_taps_, style.height, style.width, recipe_.pooling, /*keep_gradient=*/false);
      if (!plan.ok()) return InField(absl::StrCat("styles[", k, "]"), plan.status());
      weights_ = std::max(weights_, plan->weights);
      // The picture, what is resampled of it, and the network's input.
      const int64_t pictures = Planes(styles_[k]) + (style == styles_[k] ? 1 : 2) * Planes(style);
      See(before + pictures + plan->plan + static_cast<int64_t>(k + 1) * grams_);
    }
    // One picture's matrices are the targets; of several they are kept beside them.
    const int64_t kept_grams = styles_.size() == 1 ? 0 : static_cast<int64_t>(styles_.size()) * grams_;

    const auto plan_of = [&](bool keep_gradient) {
      return model_.executor().Forecast(taps_, size.height, size.width, recipe_.pooling, keep_gradient);
    };
    const absl::StatusOr<PlanForecast> plan = plan_of(false);
    if (!plan.ok()) return InField("content", plan.status());
    IMPASTO_ASSIGN_OR_RETURN(const PlanForecast stepping, plan_of(true));
    weights_ = std::max(weights_, plan->weights);
    int64_t stored = 0, distance = 0;
    for (size_t tap = 0; tap < recipe_.content_layers.size(); ++tap) {
      stored += plan->taps[tap].stored;
      distance = std::max(distance, plan->taps[tap].distance);
    }
    const int64_t targets = stored + grams_ + kept_grams;
    See(before + planes + plan->plan + targets + grams_);
    // The optimiser is made, or gets its moments: enlarged, and copied.
    See(before + 2 * planes + plan->plan + targets + optimizer.made + (moments > 0 ? 2 * planes : 0));
    // Steps: the picture, the best one, the network's input, the gradient, and the pictures of a saved state.
    // The matrices are made anew, and multiplied with.
    See(6 * planes + stepping.plan + distance + targets + 2 * grams_ + optimizer.most + optimizer.checkpoint);
    return absl::OkStatus();
  }

  const Model& model_;
  const Recipe& recipe_;
  const Size content_;
  const std::vector<Size>& styles_;
  const std::vector<int> iterations_;
  const int64_t grams_;
  std::vector<std::string> style_taps_, taps_;  // the content layers first
  int64_t pictures_ = 0;                        // that are there to the end
  int64_t weights_ = 0;
  MemoryForecast forecast_;
};

}  // namespace

absl::StatusOr<MemoryForecast> ForecastMemory(const Model& model, const Recipe& recipe, Size content,
                                              const std::vector<Size>& styles) {
  IMPASTO_RETURN_IF_ERROR(ValidateRecipe(recipe, model.graph()));
  if (styles.empty()) return FieldError("styles", "there is no style picture");
  Recipe resolved = recipe;
  resolved.pyramid_levels = PyramidLevels(recipe.pyramid_levels, recipe.iterations, content, styles);
  return Forecaster(model, resolved, content, styles).Make();
}

absl::StatusOr<int> LargestMaxSize(const Model& model, const Recipe& recipe, Size content,
                                   const std::vector<Size>& styles, int64_t budget) {
  constexpr int kSmallest = 16, kLargest = 8192;
  const auto peak = [&](int max_size) -> absl::StatusOr<int64_t> {
    Recipe resized = recipe;
    resized.max_size = max_size;
    if (recipe.style_size == recipe.max_size) resized.style_size = max_size;
    std::vector<Size> scaled;
    for (const Size& style : styles) scaled.push_back(FitWithin(style, resized.style_size));
    IMPASTO_ASSIGN_OR_RETURN(const MemoryForecast forecast,
                             ForecastMemory(model, resized, FitWithin(content, max_size), scaled));
    return forecast.peak_bytes;
  };
  IMPASTO_ASSIGN_OR_RETURN(const int64_t largest, peak(kLargest));
  if (largest <= budget) return kLargest;
  // Errors are of pictures that are too small: the least size without one, which may be more than budget.
  int small = kSmallest - 1, large = kLargest;
  while (large - small > 1) {
    const int middle = small + (large - small) / 2;
    (peak(middle).ok() ? large : small) = middle;
  }
  IMPASTO_ASSIGN_OR_RETURN(const int64_t least, peak(large));
  if (least > budget) return 0;
  // From here on `fits` fits and `too_large` doesn't.
  int fits = large, too_large = kLargest;
  while (too_large - fits > 1) {
    const int middle = fits + (too_large - fits) / 2;
    const absl::StatusOr<int64_t> bytes = peak(middle);
    (bytes.ok() && *bytes <= budget ? fits : too_large) = middle;
  }
  return fits;
}

}  // namespace impasto::engine
