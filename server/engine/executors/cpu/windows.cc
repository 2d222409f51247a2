#include "engine/executors/cpu/windows.h"

#include <algorithm>
#include <vector>

namespace impasto::engine::cpu {
namespace {

// Rows of the input whose gradient one task makes. Windows that reach over its edge are made twice.
int BandRows(int height) { return height >= 64 ? 32 : std::max(4, height / 2); }

// The windows of output positions first..first+rows-1 as rows of features.
void GatherBlocked(const Step& step, const ConvolutionWeights& weights, const MapView& in, int out_width,
                   int first, int rows, float* to) {
  for (int fb = 0; fb < weights.feature_blocks; ++fb) {
    const Feature at = FeatureAt(weights, fb * kBlock);
    const float* block = in.data + in.stride() * (at.channel / kBlock);
    int y = first / out_width, x = first % out_width;
    for (int i = 0; i < rows; ++i, to += kBlock) {
      const int from_y = y * step.stride + at.row - step.padding,
                from_x = x * step.stride + at.column - step.padding;
      if (from_y >= 0 && from_y < in.shape.height && from_x >= 0 && from_x < in.shape.width) {
        const float* from = block + (static_cast<size_t>(from_y) * in.shape.width + from_x) * kBlock;
        std::copy(from, from + kBlock, to);
      } else {
        std::fill(to, to + kBlock, 0.0f);
      }
      if (++x == out_width) {
        x = 0;
        ++y;
      }
    }
  }
}

// Where number `feature` of the windows of output row y goes: row `to_y`, and for outputs x_first to x_last
// column x stride + shift. False where no part of it lies in rows first..last-1.
struct Target {
  int to_y, shift, x_first, x_last;
};
bool TargetOf(const Step& step, const Feature& at, int columns, int width, int y, int first, int last,
              Target* target) {
  const int shift = at.column - step.padding, to_y = y * step.stride + at.row - step.padding;
  const int x_first = shift >= 0 ? 0 : (-shift + step.stride - 1) / step.stride;
  const int x_last = width - 1 - shift < 0 ? -1 : std::min(columns - 1, (width - 1 - shift) / step.stride);
  *target = {to_y, shift, x_first, x_last};
  return to_y >= first && to_y < last && x_first <= x_last;
}

// Adds a row of windows' gradients, [feature block][column][16], to the picture's planes. `turned` has room
// for 16 rounded-up columns.
void AddPlanar(const Step& step, const ConvolutionWeights& weights, const float* windows, int columns, int y,
               int first, int last, float* picture, const TensorShape& shape, float* turned) {
  const int features = step.kernel * step.kernel * weights.in_channels;
  for (int block = 0; block < weights.feature_blocks; ++block) {
    // Feature by feature, so that a feature's numbers are added to a row in one go.
    const float* from = windows + static_cast<size_t>(block) * columns * kBlock;
    const int whole = columns / kBlock * kBlock;
    for (int x = 0; x < whole; x += kBlock) Transpose16(from + x * kBlock, turned + x * kBlock);
    for (int lane = 0; lane < kBlock && block * kBlock + lane < features; ++lane) {
      const Feature at = FeatureAt(weights, block * kBlock + lane);
      Target target;
      if (!TargetOf(step, at, columns, shape.width, y, first, last, &target)) continue;
      float* row = picture + shape.positions() * at.channel + static_cast<size_t>(target.to_y) * shape.width;
      int x = target.x_first;
      while (x <= target.x_last) {
        float* to = row + x * step.stride + target.shift;
        if (x % kBlock == 0 && x + kBlock <= std::min(target.x_last + 1, whole)) {
          const float* sixteen = turned + (x + lane) * kBlock;
          if (step.stride == 1) {
            for (int i = 0; i < kBlock; ++i) to[i] += sixteen[i];
          } else {
            for (int i = 0; i < kBlock; ++i) to[i * step.stride] += sixteen[i];
          }
          x += kBlock;
        } else {
          *to += from[x * kBlock + lane];
          ++x;
        }
      }
    }
  }
}

void AddBlocked(const Step& step, const ConvolutionWeights& weights, const float* windows, int columns, int y,
                int first, int last, const MapView& to) {
  for (int f = 0; f < weights.feature_blocks; ++f) {
    const Feature at = FeatureAt(weights, f * kBlock);
    Target target;
    if (!TargetOf(step, at, columns, to.shape.width, y, first, last, &target)) continue;
    const float* gradient = windows + static_cast<size_t>(f) * columns * kBlock;
    float* block = to.data + to.stride() * (at.channel / kBlock);
    for (int x = target.x_first; x <= target.x_last; ++x) {
      const int to_x = x * step.stride + target.shift;
      float* pixel = block + (static_cast<size_t>(target.to_y) * to.shape.width + to_x) * kBlock;
      for (int i = 0; i < kBlock; ++i) pixel[i] += gradient[x * kBlock + i];
    }
  }
}

size_t RowFloats(const ConvolutionWeights& weights, int columns) {
  return static_cast<size_t>(columns) * kBlock * weights.feature_blocks;
}

}  // namespace

PlanarRows::PlanarRows(const Step& step, const ConvolutionWeights& weights, const TensorShape& in)
    : step_(step), weights_(weights), in_(in), width_(in.width + 2 * step.padding) {
  for (int f = 0; f < step.kernel * step.kernel * weights.in_channels; ++f) {
    const Feature at = FeatureAt(weights, f);
    offsets_.push_back((at.row * weights.in_channels + at.channel) * width_ + at.column);
  }
}

void PlanarRows::Make(const float* picture, int y, int columns, float* out, size_t out_stride,
                      const Epilogue& epilogue, float* scratch) const {
  // The rows that the windows reach, zeros at their sides: [row][channel][width_].
  float* to = scratch;
  for (int row = 0; row < step_.kernel; ++row) {
    const int from_y = y * step_.stride + row - step_.padding;
    for (int c = 0; c < in_.channels; ++c, to += width_) {
      if (from_y < 0 || from_y >= in_.height) {
        std::fill(to, to + width_, 0.0f);
        continue;
      }
      const float* from = picture + in_.positions() * c + static_cast<size_t>(from_y) * in_.width;
      std::fill(to, to + step_.padding, 0.0f);
      std::copy(from, from + in_.width, to + step_.padding);
      std::fill(to + step_.padding + in_.width, to + width_, 0.0f);
    }
  }
  GemmWindows({.rows = columns,
               .in = scratch,
               .offsets = offsets_.data(),
               .features = static_cast<int>(offsets_.size()),
               .step = step_.stride,
               .weights = weights_.forward.data(),
               .weights_stride = static_cast<size_t>(weights_.feature_blocks) * kBlock * kBlock,
               .out = out,
               .out_stride = out_stride,
               .out_blocks = weights_.out_blocks,
               .epilogue = &epilogue});
}

size_t WindowsScratch(const Step& step, const ConvolutionWeights& weights, const TensorShape& in,
                      const TensorShape& out, int threads) {
  const size_t gradient = RowFloats(weights, out.width);
  // Of the picture: padded rows forward; backward a row's windows' gradients and one block of them turned.
  const size_t most = weights.planar ? std::max(PlanarRows(step, weights, in).scratch(),
                                                gradient + static_cast<size_t>(out.width) * kBlock)
                                     : std::max(gradient, RowFloats(weights, kStrip));
  return most * static_cast<size_t>(threads);
}

void Windows(const Step& step, const ConvolutionWeights& weights, const float* picture, const MapView& in,
             const MapView& out, const Epilogue& epilogue, ThreadPool& pool, float* scratch) {
  if (weights.planar) {
    const PlanarRows rows(step, weights, in.shape);
    pool.Run(out.shape.height, [&](int y, int thread) {
      const size_t first = static_cast<size_t>(y) * out.shape.width;
      rows.Make(picture, y, out.shape.width, out.data + first * kBlock, out.stride(),
                EpilogueAt(epilogue, 0, 0, first), scratch + rows.scratch() * thread);
    });
    return;
  }
  const int total = static_cast<int>(out.shape.positions());
  pool.Run((total + kStrip - 1) / kStrip, [&](int strip, int thread) {
    const int first = strip * kStrip, rows = std::min(kStrip, total - first);
    float* windows = scratch + RowFloats(weights, kStrip) * thread;
    GatherBlocked(step, weights, in, out.shape.width, first, rows, windows);
    const Epilogue at = EpilogueAt(epilogue, 0, 0, first);
    Gemm({.rows = rows,
          .in = windows,
          .in_stride = static_cast<size_t>(rows) * kBlock,
          .in_blocks = weights.feature_blocks,
          .weights = weights.forward.data(),
          .weights_stride = static_cast<size_t>(weights.feature_blocks) * kBlock * kBlock,
          .out = out.data + static_cast<size_t>(first) * kBlock,
          .out_stride = out.stride(),
          .out_blocks = out.blocks(),
          .epilogue = &at});
  });
}

void WindowsGradient(const Step& step, const ConvolutionWeights& weights, const MapView& from, float* picture,
                     const MapView& to, const Epilogue& epilogue, ThreadPool& pool, float* scratch) {
  const int height = to.shape.height, width = to.shape.width, columns = from.shape.width;
  const int band = BandRows(height);
  const size_t row_floats = static_cast<size_t>(columns) * kBlock;
  const size_t per_thread = RowFloats(weights, columns) + (weights.planar ? row_floats : 0);
  pool.Run((height + band - 1) / band, [&](int task, int thread) {
    const int first = task * band, last = std::min(height, first + band);
    float* windows = scratch + per_thread * thread;
    const size_t start = static_cast<size_t>(first) * width, rows = static_cast<size_t>(last - first) * width;
    for (int b = 0; b < to.blocks() && !weights.planar && epilogue.add == nullptr; ++b) {
      float* block = to.data + to.stride() * b + start * kBlock;
      std::fill(block, block + rows * kBlock, 0.0f);
    }
    // Output row y reads input rows y stride - padding up to that + kernel - 1.
    const int least = first + step.padding - step.kernel + 1;
    const int y_first = least <= 0 ? 0 : (least + step.stride - 1) / step.stride;
    const int y_last = std::min(from.shape.height - 1, (last - 1 + step.padding) / step.stride);
    for (int y = y_first; y <= y_last; ++y) {
      Gemm({.rows = columns,
            .in = from.data + row_floats * y,
            .in_stride = from.stride(),
            .in_blocks = from.blocks(),
            .weights = weights.backward.data(),
            .weights_stride = static_cast<size_t>(from.blocks()) * kBlock * kBlock,
            .out = windows,
            .out_stride = row_floats,
            .out_blocks = weights.feature_blocks});
      if (weights.planar) {
        AddPlanar(step, weights, windows, columns, y, first, last, picture, to.shape,
                  windows + RowFloats(weights, columns));
      } else {
        AddBlocked(step, weights, windows, columns, y, first, last, to);
      }
    }
    if (weights.planar || epilogue.keep == nullptr) return;
    Epilogue mask = epilogue;
    mask.add = nullptr;
    for (int b = 0; b < to.blocks(); ++b) {
      float* block = to.data + to.stride() * b + start * kBlock;
      Elementwise(block, 1, rows, block, EpilogueAt(mask, b, 0, start));
    }
  });
}

}  // namespace impasto::engine::cpu
