#include "engine/executors/cpu/convolution.h"

#include <algorithm>
#include <cmath>

namespace impasto::engine::cpu {
namespace {

// Output blocks of a task, where there are few positions.
constexpr int kPointwiseBlocks = 8;

}  // namespace

Feature FeatureAt(const ConvolutionWeights& weights, int feature) {
  const int channels = weights.planar ? weights.in_channels : BlocksOf(weights.in_channels) * kBlock;
  return {feature / channels / weights.kernel, feature / channels % weights.kernel, feature % channels};
}

size_t ConvolutionWeights::bytes() const {
  const size_t block = size_t{kBlock} * sizeof(float);
  return winograd.bytes() + (2 * static_cast<size_t>(feature_blocks) * kBlock + 1) * out_blocks * block;
}

int WinogradTile(int in_channels, int out_channels) {
  return static_cast<int64_t>(in_channels) * out_channels <= 128 * 128 ? 6 : 4;
}

std::string WinogradTiles() { return "F(6x6),F(4x4)"; }

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

ConvolutionWeights DescribeConvolution(const Step& step, int in_channels, int out_channels) {
  ConvolutionWeights weights{.in_channels = in_channels,
                             .out_channels = out_channels,
                             .kernel = step.kernel,
                             .planar = step.kind == StepKind::kWindows && step.in == 0,
                             .out_blocks = BlocksOf(out_channels)};
  if (step.kind == StepKind::kWinograd) {
    weights.winograd.m = WinogradTile(in_channels, out_channels);
    weights.winograd.in_blocks = BlocksOf(in_channels);
    weights.winograd.out_blocks = BlocksOf(out_channels);
  } else {
    const int window = step.kernel * step.kernel;
    weights.feature_blocks = weights.planar ? BlocksOf(window * in_channels) : window * BlocksOf(in_channels);
  }
  return weights;
}

ConvolutionWeights PrepareConvolution(const Step& step, const LayerWeights& convolution,
                                      const LayerWeights* batch_norm, double epsilon, ThreadPool& pool) {
  ConvolutionWeights weights =
      DescribeConvolution(step, convolution.kernel_shape[1], convolution.kernel_shape[0]);
  const int in = weights.in_channels, out = weights.out_channels;
  ScaleAndShift norm;
  if (batch_norm != nullptr) norm = BatchNormCoefficients(*batch_norm, epsilon);
  weights.bias.assign(static_cast<size_t>(weights.out_blocks) * kBlock, 0.0f);
  for (int k = 0; k < out; ++k) {
    weights.bias[k] =
        batch_norm == nullptr ? convolution.bias[k] : convolution.bias[k] * norm.scale[k] + norm.shift[k];
  }
  if (step.kind == StepKind::kWinograd) {
    weights.winograd = TransformKernels(convolution.kernel, out, in, norm.scale, weights.winograd.m, pool);
    return weights;
  }
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

}  // namespace impasto::engine::cpu
