// Coarse to fine: a run's levels. Level 0 is the coarsest; each next one has twice its size, and the last one
// is the working picture's. A coarse level paints large shapes at a fraction of a fine one's cost.
#pragma once

#include <vector>

#include "base/size.h"

namespace impasto::engine {

inline constexpr int kMaxPyramidLevels = 6;

// Halved for each level below the last, rounded up: 511 x 4 at level 0 of 3 is 128 x 1.
Size SizeAtLevel(Size full, int level, int levels);

// How many levels a run has of the `wanted` ones, at least 1: no more than its iterations, and none where the
// short side of the content or of a style picture is below 64 pixels, which is the least that every layer of
// every network has a map for. Wanted 0: by the size of the content picture.
int PyramidLevels(int wanted, int iterations, Size content, const std::vector<Size>& styles);

// Steps of each level, the coarsest first: the same number each, one more for the first ones where it doesn't
// come out even.
std::vector<int> LevelIterations(int iterations, int levels);

// `split` where the run shall have `iterations` steps in all from now on. The levels before `level` are over,
// and keep theirs; `level`, which has made `made` steps, and those after it share the rest as LevelIterations
// has it. A level that has made more than its share ends with its next evaluation, at the others' cost. Every
// level keeps at least one step, so that the sum may be above `iterations`.
std::vector<int> ReshareIterations(int iterations, std::vector<int> split, int level, int made);

}  // namespace impasto::engine
