// What is minimised at the taps: content and style losses of Gatys, Ecker and Bethge (arXiv:1508.06576),
// value and gradient.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/executors/executor.h"

namespace impasto::engine {

// A content loss at a tap, held against the map that the tap had for the content picture.
//   loss = normalizer sum((F - P)^2), with normalizer 1 / elements in `mean` normalisation and 1 in `paper`
struct ContentTerm {
  int tap = 0;
  double weight = 0;  // of `loss` in the total, all factors included
  double normalizer = 1;
  std::unique_ptr<StoredMap> target;
};

// A style loss at a tap, held against the Gram matrices of one or several style pictures with shares that sum
// to 1:
//   loss = normalizer sum over pictures k of share_k sum((G - A_k)^2), with normalizer 1 / N^2, or a quarter
//   of that in `paper`
// Only the mean of the A_k and their spread about it are kept: sum_k share_k |G - A_k|^2 = |G - A|^2 +
// spread.
struct StyleTerm {
  int tap = 0;
  double weight = 0;
  double normalizer = 1;
  std::vector<float> target;  // N x N
  double spread = 0;
};

// The blend of several Gram matrices; shares sum to 1, all matrices are of one size.
void BlendGrams(const std::vector<absl::Span<const float>>& grams, const std::vector<double>& shares,
                std::vector<float>* target, double* spread);

// Not thread-safe: it has scratch space.
class Objective {
 public:
  Objective(std::vector<ContentTerm> content, std::vector<StyleTerm> style)
      : content_(std::move(content)), style_(std::move(style)), grams_(style_.size()) {}

  struct Value {
    double total = 0;             // sum of weight times loss
    std::vector<double> content;  // each term's loss, before its weight
    std::vector<double> style;
  };
  // Weights and style targets may be changed between two evaluations; nothing else.
  std::vector<ContentTerm>& content() { return content_; }
  std::vector<StyleTerm>& style() { return style_; }

  // For the maps that the plan's taps hold now. Adds the total's gradient at the taps where `gradient`.
  absl::StatusOr<Value> Evaluate(Plan* plan, bool gradient);

 private:
  std::vector<ContentTerm> content_;
  std::vector<StyleTerm> style_;
  std::vector<std::vector<float>> grams_;  // scratch, by style term
};

}  // namespace impasto::engine
