#include "engine/pyramid.h"

#include <algorithm>

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

int PyramidLevels(int wanted, int iterations, Size content, const std::vector<Image>& styles) {
  std::vector<Size> sizes;
  for (const Image& style : styles) sizes.push_back({style.width, style.height});
  return PyramidLevels(wanted, iterations, content, sizes);
}

std::vector<int> LevelIterations(int iterations, int levels) {
  std::vector<int> split(static_cast<size_t>(levels), iterations / levels);
  for (int i = 0; i < iterations % levels; ++i) ++split[static_cast<size_t>(i)];
  return split;
}

}  // namespace impasto::engine
