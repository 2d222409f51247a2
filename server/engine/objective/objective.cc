#include "engine/objective/objective.h"

#include "base/status_macros.h"

namespace impasto::engine {

void BlendGrams(const std::vector<std::vector<float>>& grams, const std::vector<double>& shares,
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
  for (const StyleTerm& term : style_) {
    IMPASTO_RETURN_IF_ERROR(plan->Gram(term.tap, &gram_));
    // d/dF of weight normalizer |F F^T / M - A|^2 is 4 weight normalizer / M (G - A) F; the spread is a
    // constant.
    const double scale =
        4 * term.weight * term.normalizer / static_cast<double>(plan->tap_shape(term.tap).positions());
    double sum = 0;
    for (size_t i = 0; i < gram_.size(); ++i) {
      const double d = static_cast<double>(gram_[i]) - term.target[i];
      sum += d * d;
      gram_[i] = static_cast<float>(scale * d);
    }
    value.style.push_back(term.normalizer * (sum + term.spread));
    value.total += term.weight * value.style.back();
    if (gradient && term.weight != 0) IMPASTO_RETURN_IF_ERROR(plan->AddMatrixTimesMap(term.tap, gram_));
  }
  return value;
}

}  // namespace impasto::engine
