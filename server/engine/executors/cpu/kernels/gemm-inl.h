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

template <int kRows, int kBlocks>
HWY_NOINLINE void GemmTile(const GemmArgs& args, int row, int block) {
  constexpr int kVectors = kBlocks * kVectorsPerBlock;
  V sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  const float* HWY_RESTRICT in = args.in + static_cast<size_t>(row) * kBlock;
  const float* HWY_RESTRICT weights = args.weights + block * args.weights_stride;
  for (int b = 0; b < args.in_blocks; ++b, in += args.in_stride, weights += kBlock * kBlock) {
#pragma GCC unroll 4
    for (int c = 0; c < kBlock; ++c) {
      V w[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        w[v] = hn::LoadU(d, weights + (v / kVectorsPerBlock) * args.weights_stride + c * kBlock +
                                (v % kVectorsPerBlock) * kLanes);
      }
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const V x = hn::Set(d, in[r * kBlock + c]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
      }
    }
  }
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

// All rows of a panel before the next panel: its weights stay in the nearest cache.
template <int kBlocks>
HWY_INLINE void GemmPanel(const GemmArgs& args, int block) {
  // Tiles of nearly equal height: 88 rows are 8 x 11, not 7 x 12 and 4.
  const int tiles = (args.rows + kTileRows - 1) / kTileRows;
  for (int t = 0; t < tiles; ++t) {
    const int row = static_cast<int>(static_cast<int64_t>(args.rows) * t / tiles);
    const int end = static_cast<int>(static_cast<int64_t>(args.rows) * (t + 1) / tiles);
    switch (end - row) {
#define IMPASTO_CASE(n)                                                   \
  case n:                                                                 \
    if constexpr (n <= kTileRows) GemmTile<n, kBlocks>(args, row, block); \
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

void Gemm(const GemmArgs& args) {
  int block = 0;
  for (; block + kTileBlocks <= args.out_blocks; block += kTileBlocks) GemmPanel<kTileBlocks>(args, block);
  if constexpr (kTileBlocks > 1) {
    for (; block < args.out_blocks; ++block) GemmPanel<1>(args, block);
  }
}

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

void Transpose16(const float* HWY_RESTRICT from, float* HWY_RESTRICT to) {
  // Four by four, by the interleaving that every target has.
  const hn::CappedTag<float, 4> d4;
  for (int i = 0; i < kBlock; i += 4) {
    for (int j = 0; j < kBlock; j += 4) {
      const auto r0 = hn::LoadU(d4, from + (i + 0) * kBlock + j);
      const auto r1 = hn::LoadU(d4, from + (i + 1) * kBlock + j);
      const auto r2 = hn::LoadU(d4, from + (i + 2) * kBlock + j);
      const auto r3 = hn::LoadU(d4, from + (i + 3) * kBlock + j);
      const auto t0 = hn::InterleaveLower(d4, r0, r2);  // 00 20 01 21
      const auto t1 = hn::InterleaveUpper(d4, r0, r2);  // 02 22 03 23
      const auto t2 = hn::InterleaveLower(d4, r1, r3);
      const auto t3 = hn::InterleaveUpper(d4, r1, r3);
      hn::StoreU(hn::InterleaveLower(d4, t0, t2), d4, to + (j + 0) * kBlock + i);
      hn::StoreU(hn::InterleaveUpper(d4, t0, t2), d4, to + (j + 1) * kBlock + i);
      hn::StoreU(hn::InterleaveLower(d4, t1, t3), d4, to + (j + 2) * kBlock + i);
      hn::StoreU(hn::InterleaveUpper(d4, t1, t3), d4, to + (j + 3) * kBlock + i);
    }
  }
}

}  // namespace impasto::engine::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
