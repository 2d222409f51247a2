#include "engine/pyramid.h"

#include <algorithm>
#include <numeric>

namespace impasto::engine {
namespace {

constexpr int kLeastSide = 64;
// From this long side on, pixels, a level more is used by itself: brush strokes and swirls have the
// painting's own proportions where the coarsest picture is 192 to 383 pixels long, for that is what the
// deepest layers see much of at a time. Painted at 512 pixels alone they are small.
constexpr int kAutomaticSide = 384;

int ShortSide(const Size& size) { return std::min(size.width, size.height); }

}  // namespace

Size SizeAtLevel(Size full, int level, int levels) {
  const int shift = levels - 1 - level;
  const int up = (1 << shift) - 1;
  return {(full.width + up) >> shift, (full.height + up) >> shift};
}

int PyramidLevels(int wanted, int iterations, Size content, const std::vector<Size>& styles) {
  int levels = wanted;
  if (wanted == 0) {
    levels = 1;
    while (levels < kMaxPyramidLevels &&
           std::max(content.width, content.height) >> (levels - 1) >= kAutomaticSide) {
      ++levels;
    }
  }
  int side = ShortSide(content);
  for (const Size& style : styles) side = std::min(side, ShortSide(style));
  while (levels > 1 && (levels > iterations || ShortSide(SizeAtLevel({side, side}, 0, levels)) < kLeastSide))
    --levels;
  return levels;
}

std::vector<int> LevelIterations(int iterations, int levels) {
  std::vector<int> split(static_cast<size_t>(levels), iterations / levels);
  for (int i = 0; i < iterations % levels; ++i) ++split[static_cast<size_t>(i)];
  return split;
}

std::vector<int> ReshareIterations(int iterations, std::vector<int> split, int level, int made) {
  const auto current = split.begin() + level;
  const auto share = [](int steps, std::vector<int>::iterator begin, std::vector<int>::iterator end) {
    const int levels = static_cast<int>(end - begin);
    if (levels == 0) return;
    const std::vector<int> shares = LevelIterations(std::max(steps, levels), levels);
    std::copy(shares.begin(), shares.end(), begin);
  };
  const int left = iterations - std::accumulate(split.begin(), current, 0);
  share(left, current, split.end());
  // Below the last level the next evaluation takes the place of a step.
  const bool last = current + 1 == split.end();
  const int least = last ? made : made + 1;
  if (*current < least) {
    *current = least;
    share(left - least, current + 1, split.end());
  }
  return split;
}

}  // namespace impasto::engine
