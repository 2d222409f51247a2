// Included once for each target; see kernels.cc.
#include "engine/executors/cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace impasto::engine::cpu::HWY_NAMESPACE {

// Rows and output blocks of the register tile: 12 x 2 vectors of 16 lanes fill 24 of AVX-512's 32 registers,
// 6 x 1 blocks of two vectors 12 of AVX2's 16, 2 x 1 of four 8 of SSE's; NEON's 32 hold 6 x 1 of four.
#if HWY_TARGET == HWY_NEON
constexpr int kTileRows = 6;
#else
constexpr int kTileRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 2;
#endif
constexpr int kTileBlocks = kLanes == 16 ? 2 : 1;

// Stores a register tile through the epilogue. Args: out, out_stride and epilogue.
template <int kRows, int kBlocks, class Args>
HWY_INLINE void StoreTile(const Args& args, int row, int block,
                          const V (&sums)[kRows][kBlocks * kVectorsPerBlock]) {
#pragma GCC unroll 2
  for (int b = 0; b < kBlocks; ++b) {
    float* out = args.out + (block + b) * args.out_stride + static_cast<size_t>(row) * kBlock;
    if (args.epilogue == nullptr) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectorsPerBlock; ++v) {
          hn::StoreU(sums[r][b * kVectorsPerBlock + v], d, out + r * kBlock + v * kLanes);
        }
      }
      continue;
    }
    Epilogue epilogue = *args.epilogue;
    if (epilogue.bias != nullptr) epilogue.bias += (block + b) * kBlock;
    if (epilogue.add != nullptr)
      epilogue.add += (block + b) * args.out_stride + static_cast<size_t>(row) * kBlock;
    if (epilogue.positive != nullptr) epilogue.positive += (block + b) * epilogue.bits_stride + row;
    if (epilogue.keep != nullptr) epilogue.keep += (block + b) * epilogue.bits_stride + row;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      StoreRow(&sums[r][b * kVectorsPerBlock], r, epilogue, out + r * kBlock);
    }
  }
}

// One number of every row of the tile, times the weights of its input channel.
template <int kRows, int kBlocks>
HWY_INLINE void Accumulate(const float* HWY_RESTRICT in, size_t row_step, const float* HWY_RESTRICT weights,
                           size_t weights_stride, V (&sums)[kRows][kBlocks * kVectorsPerBlock]) {
  constexpr int kVectors = kBlocks * kVectorsPerBlock;
  V w[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    w[v] = hn::LoadU(d, weights + (v / kVectorsPerBlock) * weights_stride + (v % kVectorsPerBlock) * kLanes);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const V x = hn::Set(d, in[r * row_step]);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
  }
}

template <int kRows, int kBlocks>
HWY_INLINE void SetZero(V (&sums)[kRows][kBlocks * kVectorsPerBlock]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kBlocks * kVectorsPerBlock; ++v) sums[r][v] = hn::Zero(d);
  }
}

template <int kRows, int kBlocks>
HWY_NOINLINE void Tile(const GemmArgs& args, int row, int block) {
  V sums[kRows][kBlocks * kVectorsPerBlock];
  SetZero<kRows, kBlocks>(sums);
  const float* in = args.in + static_cast<size_t>(row) * kBlock;
  const float* weights = args.weights + block * args.weights_stride;
  for (int b = 0; b < args.in_blocks; ++b, in += args.in_stride, weights += kBlock * kBlock) {
#pragma GCC unroll 4
    for (int c = 0; c < kBlock; ++c)
      Accumulate<kRows, kBlocks>(in + c, kBlock, weights + c * kBlock, args.weights_stride, sums);
  }
  StoreTile<kRows, kBlocks>(args, row, block, sums);
}

template <int kRows, int kBlocks>
HWY_NOINLINE void Tile(const WindowArgs& args, int row, int block) {
  V sums[kRows][kBlocks * kVectorsPerBlock];
  SetZero<kRows, kBlocks>(sums);
  const float* in = args.in + static_cast<size_t>(row) * args.step;
  const float* weights = args.weights + block * args.weights_stride;
  for (int f = 0; f < args.features; ++f, weights += kBlock)
    Accumulate<kRows, kBlocks>(in + args.offsets[f], args.step, weights, args.weights_stride, sums);
  StoreTile<kRows, kBlocks>(args, row, block, sums);
}

// All rows of a panel before the next panel: its weights stay in the nearest cache.
template <int kBlocks, class Args>
HWY_INLINE void Panel(const Args& args, int block) {
  // Tiles of nearly equal height: 88 rows are 8 x 11, not 7 x 12 and 4.
  const int tiles = (args.rows + kTileRows - 1) / kTileRows;
  for (int t = 0; t < tiles; ++t) {
    const int row = static_cast<int>(static_cast<int64_t>(args.rows) * t / tiles);
    const int end = static_cast<int>(static_cast<int64_t>(args.rows) * (t + 1) / tiles);
    switch (end - row) {
#define IMPASTO_CASE(n)                                               \
  case n:                                                             \
    if constexpr (n <= kTileRows) Tile<n, kBlocks>(args, row, block); \
    break;
      IMPASTO_CASE(1)
      IMPASTO_CASE(2)
      IMPASTO_CASE(3)
      IMPASTO_CASE(4)
      IMPASTO_CASE(5)
      IMPASTO_CASE(6)
      IMPASTO_CASE(7)
      IMPASTO_CASE(8)
      IMPASTO_CASE(9)
      IMPASTO_CASE(10)
      IMPASTO_CASE(11)
      IMPASTO_CASE(12)
#undef IMPASTO_CASE
    }
  }
}

template <class Args>
HWY_INLINE void Panels(const Args& args) {
  int block = 0;
  for (; block + kTileBlocks <= args.out_blocks; block += kTileBlocks) Panel<kTileBlocks>(args, block);
  if constexpr (kTileBlocks > 1) {
    for (; block < args.out_blocks; ++block) Panel<1>(args, block);
  }
}

void Gemm(const GemmArgs& args) { Panels(args); }
void GemmWindows(const WindowArgs& args) { Panels(args); }

// kStripRows channels of block a against kBlocks blocks of b.
constexpr int kStripRows = kLanes == 16 ? 8 : kLanes == 8 ? 4 : 2;

template <int kBlocks>
HWY_NOINLINE void GramTile(int rows, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b,
                           size_t b_stride, float* gram, size_t ld) {
  constexpr int kVectors = kBlocks * kVectorsPerBlock;
  V sums[kStripRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kStripRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
  }
  for (int row = 0; row < rows; ++row, a += kBlock, b += kBlock) {
    V x[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
      x[v] = hn::LoadU(d, b + (v / kVectorsPerBlock) * b_stride + (v % kVectorsPerBlock) * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kStripRows; ++i) {
      const V y = hn::Set(d, a[i]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(y, x[v], sums[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kStripRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* to = gram + i * ld + v * kLanes;
      hn::StoreU(hn::Add(hn::LoadU(d, to), sums[i][v]), d, to);
    }
  }
}

void GramStrip(int rows, const float* a, const float* b, size_t b_stride, int blocks, float* gram,
               size_t ld) {
  for (int i = 0; i < kBlock; i += kStripRows) {
    int block = 0;
    for (; block + kTileBlocks <= blocks; block += kTileBlocks) {
      GramTile<kTileBlocks>(rows, a + i, b + block * b_stride, b_stride, gram + i * ld + block * kBlock, ld);
    }
    if constexpr (kTileBlocks > 1) {
      for (; block < blocks; ++block)
        GramTile<1>(rows, a + i, b + block * b_stride, b_stride, gram + i * ld + block * kBlock, ld);
    }
  }
}

// Four numbers each of rows `row`, `row` + 4, ..., one after another in a vector.
HWY_INLINE V LoadEveryFourthRow(const float* from) {
  const hn::CappedTag<float, 4> d4;
#if HWY_MAX_BYTES >= 64 && HWY_TARGET != HWY_NEON
  const hn::CappedTag<float, 8> d8;
  return hn::Combine(d, hn::Combine(d8, hn::LoadU(d4, from + 12 * kBlock), hn::LoadU(d4, from + 8 * kBlock)),
                     hn::Combine(d8, hn::LoadU(d4, from + 4 * kBlock), hn::LoadU(d4, from)));
#elif HWY_MAX_BYTES >= 32
  return hn::Combine(d, hn::LoadU(d4, from + 4 * kBlock), hn::LoadU(d4, from));
#else
  return hn::LoadU(d4, from);
#endif
}

void Transpose16(const float* HWY_RESTRICT from, float* HWY_RESTRICT to) {
  // Interleaving works in quarters of four lanes, which hold rows that are four apart: a quarter's result is
  // a piece of a row already at its place.
  for (int row = 0; row < kBlock; row += kLanes) {
    for (int column = 0; column < kBlock; column += 4) {
      const float* at = from + row * kBlock + column;
      const V r0 = LoadEveryFourthRow(at), r1 = LoadEveryFourthRow(at + kBlock);
      const V r2 = LoadEveryFourthRow(at + 2 * kBlock), r3 = LoadEveryFourthRow(at + 3 * kBlock);
      const V t0 = hn::InterleaveLower(d, r0, r2), t1 = hn::InterleaveUpper(d, r0, r2);
      const V t2 = hn::InterleaveLower(d, r1, r3), t3 = hn::InterleaveUpper(d, r1, r3);
      float* out = to + column * kBlock + row;
      hn::StoreU(hn::InterleaveLower(d, t0, t2), d, out);
      hn::StoreU(hn::InterleaveUpper(d, t0, t2), d, out + kBlock);
      hn::StoreU(hn::InterleaveLower(d, t1, t3), d, out + 2 * kBlock);
      hn::StoreU(hn::InterleaveUpper(d, t1, t3), d, out + 3 * kBlock);
    }
  }
}

}  // namespace impasto::engine::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
