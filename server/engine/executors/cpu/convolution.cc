#include "engine/executors/cpu/convolution.h"

#include <algorithm>
#include <cmath>

namespace impasto::engine::cpu {
namespace {

// Positions that a task multiplies at a time: their windows stay in the second-level cache.
constexpr int kStrip = 96;
// Output blocks of a task, where there are few positions.
constexpr int kPointwiseBlocks = 8;

// Rows of the input whose gradient one task makes. Windows that reach over its edge are made twice.
int BandRows(int height) { return height >= 64 ? 32 : std::max(4, height / 2); }

// A window's number `feature` of `weights`: row, column and channel; channel beyond the last for filling.
struct Feature {
  int row, column, channel;
};
Feature FeatureAt(const ConvolutionWeights& weights, int feature) {
  const int channels = weights.planar ? weights.in_channels : BlocksOf(weights.in_channels) * kBlock;
  return {feature / channels / weights.kernel, feature / channels % weights.kernel, feature % channels};
}

}  // namespace

size_t ConvolutionWeights::bytes() const {
  return winograd.bytes() + (forward.size() + backward.size() + bias.size()) * sizeof(float);
}

int WinogradTile(int in_channels, int out_channels) {
  return static_cast<int64_t>(in_channels) * out_channels <= 128 * 128 ? 6 : 4;
}

ScaleAndShift BatchNormCoefficients(const LayerWeights& batch_norm, double epsilon) {
  const size_t channels = batch_norm.gamma.size();
  const size_t filled = static_cast<size_t>(BlocksOf(static_cast<int>(channels))) * kBlock;
  ScaleAndShift result{std::vector<float>(filled), std::vector<float>(filled)};
  for (size_t c = 0; c < channels; ++c) {
    const double scale = batch_norm.gamma[c] / std::sqrt(batch_norm.variance[c] + epsilon);
    result.scale[c] = static_cast<float>(scale);
    result.shift[c] = static_cast<float>(batch_norm.beta[c] - batch_norm.mean[c] * scale);
  }
  return result;
}

ConvolutionWeights PrepareConvolution(const Step& step, const LayerWeights& convolution,
                                      const LayerWeights* batch_norm, double epsilon, ThreadPool& pool) {
  ConvolutionWeights weights{.in_channels = convolution.kernel_shape[1],
                             .out_channels = convolution.kernel_shape[0],
                             .kernel = step.kernel,
                             .planar = step.kind == StepKind::kWindows && step.in == 0,
                             .out_blocks = BlocksOf(convolution.kernel_shape[0])};
  const int in = weights.in_channels, out = weights.out_channels;
  ScaleAndShift norm;
  if (batch_norm != nullptr) norm = BatchNormCoefficients(*batch_norm, epsilon);
  weights.bias.assign(static_cast<size_t>(weights.out_blocks) * kBlock, 0.0f);
  for (int k = 0; k < out; ++k) {
    weights.bias[k] =
        batch_norm == nullptr ? convolution.bias[k] : convolution.bias[k] * norm.scale[k] + norm.shift[k];
  }
  if (step.kind == StepKind::kWinograd) {
    weights.winograd = TransformKernels(convolution.kernel, out, in, norm.scale, WinogradTile(in, out), pool);
    return weights;
  }
  const int window = step.kernel * step.kernel;
  weights.feature_blocks = weights.planar ? BlocksOf(window * in) : window * BlocksOf(in);
  const int features = weights.feature_blocks * kBlock;
  weights.forward = Buffer(static_cast<size_t>(weights.out_blocks) * features * kBlock);
  weights.backward = Buffer(weights.forward.size());
  if (!weights.complete()) return weights;
  pool.Run(weights.out_blocks, [&](int block, int) {
    for (int f = 0; f < features; ++f) {
      const Feature at = FeatureAt(weights, f);
      if (at.row >= step.kernel || at.channel >= in) continue;  // filling: zero already
      for (int lane = 0; lane < kBlock && block * kBlock + lane < out; ++lane) {
        const int k = block * kBlock + lane;
        const float value =
            convolution
                .kernel[((static_cast<size_t>(k) * in + at.channel) * step.kernel + at.row) * step.kernel +
                        at.column] *
            (batch_norm == nullptr ? 1.0f : norm.scale[k]);
        weights.forward.data()[(static_cast<size_t>(block) * features + f) * kBlock + lane] = value;
        weights.backward.data()[(static_cast<size_t>(f / kBlock) * weights.out_blocks * kBlock + k) * kBlock +
                                f % kBlock] = value;
      }
    }
  });
  return weights;
}

size_t ConvolutionScratch(const Step& step, const ConvolutionWeights& weights, const TensorShape& in,
                          const TensorShape& out, int threads) {
  if (step.kind == StepKind::kWinograd)
    return WinogradScratch(weights.winograd, in.height, in.width, threads);
  if (step.kind == StepKind::kPointwise) return 0;
  // Forward a strip of windows, backward those of a row of outputs.
  const size_t windows = static_cast<size_t>(std::max(kStrip, out.width));
  return windows * weights.feature_blocks * kBlock * threads;
}

void Pointwise(const MapView& in, const float* panels, const MapView& out, const Epilogue& epilogue,
               ThreadPool& pool) {
  const int rows = static_cast<int>(in.shape.positions());
  const int strips = (rows + kStrip - 1) / kStrip;
  const int groups = (out.blocks() + kPointwiseBlocks - 1) / kPointwiseBlocks;
  const size_t panel = static_cast<size_t>(in.blocks()) * kBlock * kBlock;
  pool.Run(strips * groups, [&](int task, int) {
    const int first = task / groups * kStrip, block = task % groups * kPointwiseBlocks;
    const Epilogue at = EpilogueAt(epilogue, block, out.stride(), first);
    Gemm({.rows = std::min(kStrip, rows - first),
          .in = in.data + static_cast<size_t>(first) * kBlock,
          .in_stride = in.stride(),
          .in_blocks = in.blocks(),
          .weights = panels + panel * block,
          .weights_stride = panel,
          .out = out.data + out.stride() * block + static_cast<size_t>(first) * kBlock,
          .out_stride = out.stride(),
          .out_blocks = std::min(kPointwiseBlocks, out.blocks() - block),
          .epilogue = &at});
  });
}

namespace {

// The windows of output positions first..first+rows-1 as rows of features.
void GatherPlanar(const Step& step, const ConvolutionWeights& weights, const float* picture,
                  const TensorShape& in, int out_width, int first, int rows, float* to) {
  const int features = step.kernel * step.kernel * weights.in_channels;
  for (int f = 0; f < weights.feature_blocks * kBlock; ++f) {
    float* column = to + static_cast<size_t>(f / kBlock) * rows * kBlock + f % kBlock;
    if (f >= features) {
      for (int i = 0; i < rows; ++i) column[static_cast<size_t>(i) * kBlock] = 0;
      continue;
    }
    const Feature at = FeatureAt(weights, f);
    const float* plane = picture + in.positions() * at.channel;
    int y = first / out_width, x = first % out_width;
    for (int i = 0; i < rows; ++i) {
      const int from_y = y * step.stride + at.row - step.padding,
                from_x = x * step.stride + at.column - step.padding;
      const bool inside = from_y >= 0 && from_y < in.height && from_x >= 0 && from_x < in.width;
      column[static_cast<size_t>(i) * kBlock] =
          inside ? plane[static_cast<size_t>(from_y) * in.width + from_x] : 0.0f;
      if (++x == out_width) {
        x = 0;
        ++y;
      }
    }
  }
}

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

}  // namespace

void Windows(const Step& step, const ConvolutionWeights& weights, const float* picture, const MapView& in,
             const MapView& out, const Epilogue& epilogue, ThreadPool& pool, float* scratch) {
  const int total = static_cast<int>(out.shape.positions());
  const size_t per_thread = static_cast<size_t>(kStrip) * weights.feature_blocks * kBlock;
  pool.Run((total + kStrip - 1) / kStrip, [&](int strip, int thread) {
    const int first = strip * kStrip, rows = std::min(kStrip, total - first);
    float* windows = scratch + per_thread * thread;
    if (picture != nullptr) {
      GatherPlanar(step, weights, picture, in.shape, out.shape.width, first, rows, windows);
    } else {
      GatherBlocked(step, weights, in, out.shape.width, first, rows, windows);
    }
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
  const size_t per_thread = row_floats * weights.feature_blocks;
  pool.Run((height + band - 1) / band, [&](int task, int thread) {
    const int first = task * band, last = std::min(height, first + band);
    float* windows = scratch + per_thread * thread;
    const size_t band_rows = static_cast<size_t>(last - first) * width,
                 band_start = static_cast<size_t>(first) * width;
    if (picture == nullptr && epilogue.add == nullptr) {
      for (int b = 0; b < to.blocks(); ++b) {
        float* rows = to.data + to.stride() * b + band_start * kBlock;
        std::fill(rows, rows + band_rows * kBlock, 0.0f);
      }
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
      const int blocks =
          picture != nullptr ? step.kernel * step.kernel * weights.in_channels : weights.feature_blocks;
      for (int f = 0; f < blocks; ++f) {
        const Feature at = FeatureAt(weights, picture != nullptr ? f : f * kBlock);
        const int to_y = y * step.stride + at.row - step.padding;
        if (to_y < first || to_y >= last) continue;
        // Columns whose number lies inside.
        const int shift = at.column - step.padding;
        const int x_first = shift >= 0 ? 0 : (-shift + step.stride - 1) / step.stride;
        const int x_last =
            width - 1 - shift < 0 ? -1 : std::min(columns - 1, (width - 1 - shift) / step.stride);
        if (picture != nullptr) {
          const float* gradient = windows + row_floats * (f / kBlock) + f % kBlock;
          float* row =
              picture + to.shape.positions() * at.channel + static_cast<size_t>(to_y) * width + shift;
          for (int x = x_first; x <= x_last; ++x)
            row[x * step.stride] += gradient[static_cast<size_t>(x) * kBlock];
        } else {
          const float* gradient = windows + row_floats * f;
          float* row = to.data + to.stride() * (at.channel / kBlock);
          for (int x = x_first; x <= x_last; ++x) {
            float* pixel = row + (static_cast<size_t>(to_y) * width + shift + x * step.stride) * kBlock;
            for (int i = 0; i < kBlock; ++i) pixel[i] += gradient[static_cast<size_t>(x) * kBlock + i];
          }
        }
      }
    }
    if (picture == nullptr && epilogue.keep != nullptr) {
      Epilogue mask = epilogue;
      mask.add = nullptr;
      for (int b = 0; b < to.blocks(); ++b) {
        float* rows = to.data + to.stride() * b + band_start * kBlock;
        Elementwise(rows, 1, band_rows, rows, EpilogueAt(mask, b, 0, band_start));
      }
    }
  });
}

}  // namespace impasto::engine::cpu
