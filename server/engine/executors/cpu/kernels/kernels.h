// The inner loops, on the vector instructions that the processor has (chosen at run time by Highway). Each
// works on one thread and on the range it is given; splitting work over threads is the caller's.
//
// Maps are blocked: [channels / 16][height][width][16], channels beyond the last filled up with zeros. A
// "block" is 16 channels, whatever the width of a vector, so that layouts are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace impasto::engine::cpu {

constexpr int kBlock = 16;
constexpr int BlocksOf(int channels) { return (channels + kBlock - 1) / kBlock; }

// What happens to 16 channels at a position before they are stored:
//   v += bias;  v += add;  relu: v = max(v, 0), `positive` gets v > 0;  v = 0 where `keep` has no bit
// Strides are from one block to the next; positions follow one another in a block. Null: not done.
struct Epilogue {
  const float* bias = nullptr;  // 16 a block
  const float* add = nullptr;   // laid out as the output; may be the output itself
  bool relu = false;
  uint16_t* positive = nullptr;    // one bit a channel, 16 bits a position
  const uint16_t* keep = nullptr;  // the same
  size_t bits_stride = 0;          // of positive and keep
};

// out[k][row] = sum over c of in[c][row] W[c][k], row by row of 16 channels; in 16-channel blocks on both
// sides. With maps for in and out it is a 1x1 convolution, with tiles for rows one frequency of Winograd's.
struct GemmArgs {
  int rows = 0;
  const float* in = nullptr;
  size_t in_stride = 0;  // floats from one block of 16 input channels to the next
  int in_blocks = 0;
  const float* weights = nullptr;  // for each output block: [input channels][16]
  size_t weights_stride = 0;       // floats from one output block's to the next's
  float* out = nullptr;
  size_t out_stride = 0;
  int out_blocks = 0;
  const Epilogue* epilogue = nullptr;  // its add has the strides of out; null: stored as it is
};
void Gemm(const GemmArgs& args);

// The same with single numbers for the input, wherever they lie: out[k][row] = sum over f of
// in[offsets[f] + row step] W[f][k]. A convolution of a few planes, along one row of its output.
struct WindowArgs {
  int rows = 0;
  const float* in = nullptr;
  const int* offsets = nullptr;
  int features = 0;
  int step = 1;
  const float* weights = nullptr;  // for each output block: [features][16]
  size_t weights_stride = 0;
  float* out = nullptr;
  size_t out_stride = 0;
  int out_blocks = 0;
  const Epilogue* epilogue = nullptr;
};
void GemmWindows(const WindowArgs& args);

// gram[i][j] += sum over rows of a[row][i] b[row][j], for the 16 channels of block a and of each of `blocks`
// blocks from b on: one strip of F F^T. `gram` points at its first element, `ld` floats to the next row.
void GramStrip(int rows, const float* a, const float* b, size_t b_stride, int blocks, float* gram, size_t ld);

// to[j][i] = from[i][j], 16 x 16, rows contiguous.
void Transpose16(const float* from, float* to);

// A map and where it is unpooled from: what a Winograd input transform reads.
struct TileSource {
  const float* block = nullptr;  // one block of the map: [height][width][16], or of the pooled map
  int height = 0, width = 0;     // of the map itself
  // Not null: `block` is the gradient behind a 2x2 max pool, [height / 2][width / 2][16], and goes to the
  // position of the maximum; two planes of bits, the second (vertical) `choice_stride` behind the first.
  const uint16_t* choice = nullptr;
  size_t choice_stride = 0;
};
// A block of the map that a Winograd output transform makes.
struct TileSink {
  float* block = nullptr;
  int height = 0, width = 0;
  Epilogue epilogue;  // for this block; bits_stride isn't used
  // Not null: a 2x2 max pool with stride 2 follows; `block` and epilogue.positive are of the pooled map, and
  // the choices are written here. No epilogue.add and .keep then.
  uint16_t* choice = nullptr;
  size_t choice_stride = 0;
  bool pool = false;
};

// Winograd's F(m x m, 3x3) of a convolution with padding 1 and stride 1, m 4 or 6 (Lavin and Gray,
// arXiv:1509.09308). Tiles of m x m outputs are counted row by row, `tiles_x` a row. Points: m 6: 0, +-1,
// +-2,
// +-1/2, infinity; m 4: 0, +-sqrt(2), +-1/sqrt(2), infinity. Both sets are closed under negation and
// reciprocals, so that the transform of a kernel rotated by half a turn is a permutation of the kernel's own
// (see weights.h); m 4's has a third of the error of the usual 0, +-1, +-2.
constexpr int WinogradPoints(int m) { return (m + 2) * (m + 2); }
// Tiles `first` up to `last` of one block, to v[point * point_stride + (tile - first) * 16].
void WinogradInput(int m, const TileSource& source, int tiles_x, int first, int last, float* v,
                   size_t point_stride);
void WinogradOutput(int m, const float* v, size_t point_stride, int tiles_x, int first, int last,
                    const TileSink& sink);

// A row of a max pool: windows of kernel x kernel rows of 16 from `in` on, `step` floats from window to
// window and `line` floats from line to line; all inside the map. choice (null: not kept): 16 for each
// window, the position of the first maximum.
void MaxPoolWindows(const float* in, int kernel, size_t line, size_t step, int windows, float* out,
                    uint8_t* choice);

// out[row] = epilogue(in[row]) for rows of 16, all of one block. `in` null: zeros. May be in place.
void Elementwise(const float* in, float scale, size_t rows, float* out, const Epilogue& epilogue);
// out[row] = in[row] * scale + shift, channel by channel (16 of each; no shift where it is null), then the
// epilogue.
void Affine(const float* in, const float* scale, const float* shift, size_t rows, float* out,
            const Epilogue& epilogue);
// Sum of (a - b)^2, in double.
double SquaredDistance(const float* a, const float* b, size_t n);

// The instructions that the functions above use here: "AVX3", "AVX2", "SSE4", ...
std::string TargetName();
// Whether this processor has the least that they need.
bool TargetSupported();

}  // namespace impasto::engine::cpu
