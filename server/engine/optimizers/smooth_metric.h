// The metric in which a picture's gradient is read: what turns a gradient into a direction before L-BFGS
// knows anything of the objective.
#pragma once

#include <vector>

#include "absl/types/span.h"

namespace impasto::engine {

// A symmetric, positive definite operator on each of three planes, as an Image has them. A gradient's large
// shapes are made stronger by a factor for every octave, and its colours stronger than its lightness:
// networks look at neighbouring pixels together, so a change that many pixels share moves their maps more
// than its gradient at each pixel says, and left to itself a picture fills with fine noise first. It saves a
// fifth to a quarter of L-BFGS's steps.
//
//   M = (I + sum over octaves l of g^l R_l) C
//
// where R_l reduces a plane l times to half its size and takes it back by the transpose, and C doubles what
// differs from the mean of the three planes.
//
// Not thread-safe: it has scratch space, a third of a plane.
class SmoothMetric {
 public:
  SmoothMetric(int width, int height);

  // planes = M planes; 3 * width * height numbers.
  void Apply(absl::Span<float> planes);

 private:
  struct Level {
    int width, height;
    std::vector<float> plane, rows;  // rows: halved in width alone
  };
  void ApplyToPlane(float* plane, size_t level);

  int width_, height_;
  std::vector<Level> levels_;  // each half the size of the one before, the first of the picture
};

}  // namespace impasto::engine
