// Gram matrices of maps, and the gradient that a tap's losses have at its map.
#pragma once

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "engine/executors/cpu/buffer.h"
#include "engine/executors/cpu/maps.h"

namespace impasto::engine::cpu {

// Floats of scratch space for Gram.
size_t GramScratch(const TensorShape& shape);
// G = F F^T / M, channels x channels row-major. Only its upper blocks are multiplied. The sum over positions
// is cut into parts by the map's shape alone, so that it doesn't depend on the threads.
void Gram(const MapView& map, std::vector<float>* gram, ThreadPool& pool, float* scratch);

// What is asked for at a tap between Forward and Backward. The gradient is only made in Backward, over the
// map itself: a tap's gradient takes no memory of its own.
struct TapGradient {
  std::vector<float> matrix;  // D of D F, in panels: [block][channel][16]
  bool has_matrix = false;    // its memory outlives the step: 16 MiB for 2048 channels
  double scale = 0;           // s of s F
  struct Minus {
    const float* map;  // P of - s P, blocked; the caller's
    double scale;
  };
  std::vector<Minus> minus;
  std::vector<Buffer> plus;  // blocked

  bool empty() const { return !has_matrix && scale == 0 && minus.empty() && plus.empty(); }
  void Clear();
};
// Adds D, channels x channels row-major and symmetric.
void AddMatrix(absl::Span<const float> matrix, int channels, TapGradient* gradient, ThreadPool& pool);

// F, for TapGradient's matrix: writes positions first..first+rows-1 to [block][row][16].
using ReadMap = absl::FunctionRef<void(int first, int rows, int thread, float* to)>;

// Floats of scratch space for strips of `strip` positions.
size_t TapGradientScratch(const TensorShape& shape, int strip, int threads);
// map = D F + s F - sum s P + sum plus, where F is read strip by strip and may lie in `map` itself; without a
// matrix F has to. Clears `gradient`.
void ReplaceByGradient(const MapView& map, int strip, ReadMap read, TapGradient* gradient, ThreadPool& pool,
                       float* scratch);
// F is what `map` holds.
void ReplaceByGradient(const MapView& map, TapGradient* gradient, ThreadPool& pool, float* scratch);

}  // namespace impasto::engine::cpu
