// 3x3 convolutions with padding 1 and stride 1 by Winograd's minimal filtering, forward and backward from one
// copy of the transformed kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/executors/cpu/buffer.h"
#include "engine/executors/cpu/kernels/kernels.h"
#include "engine/executors/cpu/thread_pool.h"

namespace impasto::engine::cpu {

// Kernels transformed: U = G g G^T for each pair of channels, a matrix [out][in] at each of the (m + 2)^2
// points.
//
// The gradient of such a convolution is the same convolution with in and out exchanged and each kernel
// rotated by half a turn. A row of G is u [1/|p|, sign p, |p|] for a point p, so that turning the kernel
// round takes p to 1/p: the rotated kernel's U at points (p, q) is U at (1/p, 1/q), exactly, as the factor u
// is the same for both. What is left is to read each matrix transposed, which is done 16 x 16 numbers at a
// time while a matrix is packed for the multiplication.
struct WinogradWeights {
  int m = 6;  // outputs of a tile: m x m
  int in_blocks = 0, out_blocks = 0;
  Buffer u;  // [point][out block][in channel][16]

  size_t matrix() const { return static_cast<size_t>(in_blocks) * out_blocks * kBlock * kBlock; }
  size_t bytes() const { return matrix() * WinogradPoints(m) * sizeof(float); }
};

// kernel: [out][in][3][3]; each output channel's is multiplied by scale (empty: by 1). `u` is null where
// there is no memory.
WinogradWeights TransformKernels(const std::vector<float>& kernel, int out_channels, int in_channels,
                                 const std::vector<float>& scale, int m, ThreadPool& pool);

// The point whose matrix the rotated kernel has at `point`.
int RotatedPoint(int m, int point);

// One convolution over a map. Maps are blocked; block strides are those of whole maps.
struct WinogradPass {
  const WinogradWeights* weights = nullptr;
  bool backward = false;  // from the output's gradient to the input's
  int height = 0, width = 0;
  TileSource source;                // block 0
  size_t source_stride = 0;         // floats to the next block
  size_t source_choice_stride = 0;  // bits of 16 channels, to the next block
  TileSink sink;                    // block 0; its epilogue's bits_stride is to the next block
  size_t sink_stride = 0;
  size_t sink_choice_stride = 0;
};

// Floats that Run needs for one direction. The weights' numbers aren't looked at.
size_t WinogradScratch(const WinogradWeights& weights, bool backward, int height, int width, int threads);
void RunWinograd(const WinogradPass& pass, ThreadPool& pool, float* scratch);

}  // namespace impasto::engine::cpu
