// A map in the blocked layout, and the operations on maps that are neither convolution nor Gram matrix.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "engine/executors/cpu/kernels/kernels.h"
#include "engine/executors/cpu/thread_pool.h"
#include "engine/nets/graph.h"

namespace impasto::engine::cpu {

// Not owned. [blocks][height][width][16]; channels beyond shape.channels are zero.
struct MapView {
  float* data = nullptr;
  TensorShape shape;

  int blocks() const { return BlocksOf(shape.channels); }
  size_t stride() const { return shape.positions() * kBlock; }  // floats from block to block
  size_t floats() const { return stride() * static_cast<size_t>(blocks()); }
};
inline size_t BlockedFloats(const TensorShape& shape) { return MapView{nullptr, shape}.floats(); }

// Positions that a task multiplies at a time: what they read and write stays in the second-level cache.
constexpr int kStrip = 96;

// The epilogue of block `block` from row `row` on, for a map of `stride` floats a block.
Epilogue EpilogueAt(const Epilogue& epilogue, int block, size_t stride, size_t row);

// Between [channels][height][width] and blocks.
void ToBlocked(const float* planar, const MapView& map, ThreadPool& pool);
void FromBlocked(const MapView& map, float* planar, bool add, ThreadPool& pool);

// out = epilogue(scale in), element by element; `in` null: zeros. In place where they are the same.
void Copy(const float* in, float scale, const MapView& out, const Epilogue& epilogue, ThreadPool& pool);
// out = in * scale + shift, channel by channel; `shift` null: none.
void ScaleShift(const MapView& in, const float* scale, const float* shift, const MapView& out,
                const Epilogue& epilogue, ThreadPool& pool);

// `in` with zeros around it.
void Pad(const MapView& in, int padding, const MapView& out, const Epilogue& epilogue, ThreadPool& pool);
// The gradient: the middle of `from`.
void Crop(const MapView& from, int padding, const MapView& to, const Epilogue& epilogue, ThreadPool& pool);

// Windows of kernel x kernel over `in` with `padding` zeros around it that count as values. `choice` (null:
// not kept): for each output the position in its window, row by row, of the first maximum; 255 for a zero
// outside.
void MaxPool(const MapView& in, int kernel, int stride, int padding, const MapView& out, uint8_t* choice,
             ThreadPool& pool);
void MaxPoolGradient(const MapView& from, const uint8_t* choice, int kernel, int stride, int padding,
                     const MapView& to, const Epilogue& epilogue, ThreadPool& pool);
void AveragePool(const MapView& in, int kernel, int stride, const MapView& out, ThreadPool& pool);
void AveragePoolGradient(const MapView& from, int kernel, int stride, const MapView& to,
                         const Epilogue& epilogue, ThreadPool& pool);

// Sum of (a - b)^2 over two maps of one shape.
double Distance(const MapView& a, const float* b, ThreadPool& pool);

}  // namespace impasto::engine::cpu
