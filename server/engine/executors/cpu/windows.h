// Convolutions whose windows are neither 1x1 nor Winograd's: the picture's own layer, and strided ones.
#pragma once

#include "engine/executors/cpu/convolution.h"
#include "engine/executors/cpu/maps.h"
#include "engine/executors/cpu/schedule.h"
#include "engine/executors/cpu/thread_pool.h"

namespace impasto::engine::cpu {

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
