#include "engine/objective/objective.h"

#include <array>
#include <numeric>

#include "base/status_macros.h"

namespace impasto::engine {

void BlendGrams(const std::vector<absl::Span<const float>>& grams, const std::vector<double>& shares,
                std::vector<float>* target, double* spread) {
  std::vector<double> mean(grams[0].size(), 0.0);
  for (size_t k = 0; k < grams.size(); ++k) {
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += shares[k] * grams[k][i];
  }
  *spread = 0;
  for (size_t k = 0; k < grams.size() && grams.size() > 1; ++k) {
    for (size_t i = 0; i < mean.size(); ++i) {
      const double d = grams[k][i] - mean[i];
      *spread += shares[k] * d * d;
    }
  }
  target->assign(mean.begin(), mean.end());
}

namespace {

// gram = scale (gram - target); returns the sum of (gram - target)^2. Several sums side by side: one alone
// would wait for every addition, and a Gram matrix of 2048 channels has four million numbers.
double ReplaceByDifference(const std::vector<float>& target, double scale, std::vector<float>* gram) {
  constexpr size_t kSums = 8;
  std::array<double, kSums> sums{};
  float* g = gram->data();
  const float* a = target.data();
  const size_t n = gram->size();
  size_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (size_t k = 0; k < kSums; ++k) {
      const double d = static_cast<double>(g[i + k]) - a[i + k];
      sums[k] += d * d;
      g[i + k] = static_cast<float>(scale * d);
    }
  }
  for (; i < n; ++i) {
    const double d = static_cast<double>(g[i]) - a[i];
    sums[0] += d * d;
    g[i] = static_cast<float>(scale * d);
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

absl::StatusOr<Objective::Value> Objective::Evaluate(Plan* plan, bool gradient) {
  Value value;
  for (const ContentTerm& term : content_) {
    IMPASTO_ASSIGN_OR_RETURN(const double sum, plan->SquaredDistance(term.tap, *term.target));
    value.content.push_back(term.normalizer * sum);
    value.total += term.weight * value.content.back();
    if (gradient && term.weight != 0) {
      IMPASTO_RETURN_IF_ERROR(plan->AddDifference(term.tap, *term.target, 2 * term.weight * term.normalizer));
    }
  }
  for (size_t t = 0; t < style_.size(); ++t) {
    const StyleTerm& term = style_[t];
    std::vector<float>& gram = grams_[t];
    IMPASTO_RETURN_IF_ERROR(plan->Gram(term.tap, &gram));
    // d/dF of weight normalizer |F F^T / M - A|^2 is 4 weight normalizer / M (G - A) F; the spread is a
    // constant.
    const double scale =
        4 * term.weight * term.normalizer / static_cast<double>(plan->tap_shape(term.tap).positions());
    const double sum = ReplaceByDifference(term.target, scale, &gram);
    value.style.push_back(term.normalizer * (sum + term.spread));
    value.total += term.weight * value.style.back();
    if (gradient && term.weight != 0) IMPASTO_RETURN_IF_ERROR(plan->AddMatrixTimesMap(term.tap, gram));
  }
  return value;
}

}  // namespace impasto::engine
