// A convolution's weights as its step reads them, and 1x1 convolutions.
#pragma once

#include <vector>

#include "engine/executors/cpu/maps.h"
#include "engine/executors/cpu/schedule.h"
#include "engine/executors/cpu/winograd.h"
#include "engine/weights/weights.h"

namespace impasto::engine::cpu {

// Immutable once prepared; shared by all plans of a model.
struct ConvolutionWeights {
  int in_channels = 0, out_channels = 0, kernel = 1;
  bool planar = false;       // it reads the picture's planes
  WinogradWeights winograd;  // kWinograd
  // The others: a matrix of features (the numbers of a window) and output channels, in 16-wide panels for
  // either direction. Features are counted row, column, channel; of blocked maps with the channels filled up
  // to blocks.
  int feature_blocks = 0, out_blocks = 0;
  Buffer forward;           // [out block][feature][16]
  Buffer backward;          // [feature block][out channel][16]
  std::vector<float> bias;  // filled up to blocks

  bool complete() const { return winograd.u.data() != nullptr || (forward.data() && backward.data()); }
  size_t bytes() const;  // of all numbers, once they are there
};

// scale and shift of an inference batch norm: y = x scale + shift, filled up to blocks.
struct ScaleAndShift {
  std::vector<float> scale, shift;
};
ScaleAndShift BatchNormCoefficients(const LayerWeights& batch_norm, double epsilon);

// The step's convolution without a number: what PrepareConvolution will make.
ConvolutionWeights DescribeConvolution(const Step& step, int in_channels, int out_channels);
// The step's convolution, with its batch norm folded in. `complete()` is false where there is no memory.
ConvolutionWeights PrepareConvolution(const Step& step, const LayerWeights& convolution,
                                      const LayerWeights* batch_norm, double epsilon, ThreadPool& pool);

// The tile of a 3x3 convolution: 6 where the transformed weights are small, 4 where they would be large.
// F(6x6) multiplies a fifth less, for 1.8 times the memory and eight times the error.
int WinogradTile(int in_channels, int out_channels);
// The tiles that there are, for Execution::tiles.
std::string WinogradTiles();

// A window's number `feature`: row and column in the window, and channel (beyond the last one for filling).
struct Feature {
  int row, column, channel;
};
Feature FeatureAt(const ConvolutionWeights& weights, int feature);

// out[p] = epilogue(sum over c of in[p][c] W[c]), at every position. Forward with weights.forward, backward
// with weights.backward and in and out exchanged.
void Pointwise(const MapView& in, const float* panels, const MapView& out, const Epilogue& epilogue,
               ThreadPool& pool);

}  // namespace impasto::engine::cpu
