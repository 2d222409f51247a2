#include "engine/objective/total_variation.h"

#include <cstddef>

namespace impasto::engine {

double TotalVariation(absl::Span<const float> rgb, int height, int width, double scale,
                      absl::Span<float> gradient) {
  const auto w = static_cast<size_t>(width);
  const size_t plane = w * static_cast<size_t>(height);
  const double factor = 1.0 / static_cast<double>(plane);
  const auto step = static_cast<float>(2 * scale * factor);
  double sum = 0;
  auto pair = [&](size_t i, size_t j) {
    const float d = rgb[j] - rgb[i];
    sum += static_cast<double>(d) * d;
    if (!gradient.empty()) {
      gradient[j] += step * d;
      gradient[i] -= step * d;
    }
  };
  for (size_t c = 0; c < 3; ++c) {
    for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
      const size_t row = c * plane + y * w;
      for (size_t x = 0; x < w; ++x) {
        if (x + 1 < w) pair(row + x, row + x + 1);
        if (y + 1 < static_cast<size_t>(height)) pair(row + x, row + x + w);
      }
    }
  }
  return sum * factor;
}

}  // namespace impasto::engine
