// What a run will add to the process's memory, worked out before it starts from graph, taps, sizes and
// optimiser. Nothing is allocated, and no time goes with the pictures' sizes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/size.h"
#include "engine/model.h"
#include "engine/recipe.h"

namespace impasto::engine {

struct MemoryForecast {
  // The most that the run adds while it is made and steps: pictures, plans, targets, optimiser, and a copy
  // of its state for a checkpoint. Layers that the model prepares for it and then keeps are counted, those
  // that it has prepared already aren't.
  int64_t peak_bytes = 0;
  // What it adds while it is set aside, its plans and targets given up: pictures and the state of the run.
  int64_t waiting_bytes = 0;
};

// A style picture counts while its statistics are computed: its pixels are asked for then (StylePicture).
// Where a store has the statistics, less is needed.
//
// content, styles: the sizes that the run works at, its pictures' own. recipe.pyramid_levels 0 is resolved as
// a run does it. Errors as Stylization::Create has them for recipe, layers and sizes.
absl::StatusOr<MemoryForecast> ForecastMemory(const Model& model, const Recipe& recipe, Size content,
                                              const std::vector<Size>& styles);

// The largest recipe.max_size, 16..8192, with which the run's peak fits into `budget` bytes; 0: none does.
// content, styles: the pictures' sizes before they are scaled. recipe.style_size follows where it is equal to
// recipe.max_size, and else stays. A size that is too small for a layer doesn't fit. Errors as ForecastMemory
// where no size is without one.
absl::StatusOr<int> LargestMaxSize(const Model& model, const Recipe& recipe, Size content,
                                   const std::vector<Size>& styles, int64_t budget);

}  // namespace impasto::engine
