// Convolutions whose windows are neither 1x1 nor Winograd's: the picture's own layer, and strided ones.
#pragma once

#include <vector>

#include "engine/executors/cpu/convolution.h"
#include "engine/executors/cpu/maps.h"
#include "engine/executors/cpu/schedule.h"
#include "engine/executors/cpu/thread_pool.h"

namespace impasto::engine::cpu {

// A convolution of the picture's planes, one row of its output at a time.
class PlanarRows {
 public:
  // in: the picture's shape. All are kept by reference.
  PlanarRows(const Step& step, const ConvolutionWeights& weights, const TensorShape& in);

  // Floats of scratch space that Make needs.
  size_t scratch() const { return static_cast<size_t>(step_.kernel) * weights_.in_channels * width_; }
  // Row y of the output, `columns` positions: block b to out + out_stride b. The epilogue begins at the row.
  void Make(const float* picture, int y, int columns, float* out, size_t out_stride, const Epilogue& epilogue,
            float* scratch) const;

 private:
  const Step& step_;
  const ConvolutionWeights& weights_;
  const TensorShape in_;
  const int width_;           // of a row with zeros at its sides
  std::vector<int> offsets_;  // of a window's numbers, from its first
};

// Floats of scratch space that either direction needs.
size_t WindowsScratch(const Step& step, const ConvolutionWeights& weights, const TensorShape& in,
                      const TensorShape& out, int threads);

// Planar weights read `picture`, 3 x height x width of shape in.shape, and not in.data.
void Windows(const Step& step, const ConvolutionWeights& weights, const float* picture, const MapView& in,
             const MapView& out, const Epilogue& epilogue, ThreadPool& pool, float* scratch);
// For planar weights the gradient is added to `picture` (3 planes), and `to.data` isn't written.
void WindowsGradient(const Step& step, const ConvolutionWeights& weights, const MapView& from, float* picture,
                     const MapView& to, const Epilogue& epilogue, ThreadPool& pool, float* scratch);

}  // namespace impasto::engine::cpu
