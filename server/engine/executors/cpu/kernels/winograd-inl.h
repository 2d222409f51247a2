// Included once for each target; see kernels.cc.
#include "engine/executors/cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace impasto::engine::cpu::HWY_NAMESPACE {

// One dimension of the transforms, for the points 0, 1, -1, 2, -2, 1/2, -1/2, infinity in this order. A data
// row is the coefficients of the polynomial that is zero at all other points; what it lacks for a product of
// one is in the kernel's transform (winograd_weights.cc) and in the powers of two of the output's.
struct F6 {
  static constexpr int kOutputs = 6;
  static constexpr int kPoints = 8;

  static HWY_INLINE void Input(const V* HWY_RESTRICT x, V* HWY_RESTRICT y) {
    const V quarter = hn::Set(d, 0.25f), half = hn::Set(d, 0.5f), two = hn::Set(d, 2.0f),
            four = hn::Set(d, 4.0f);
    const V c5_25 = hn::Set(d, 5.25f), c4_25 = hn::Set(d, 4.25f), c2_5 = hn::Set(d, 2.5f),
            c1_25 = hn::Set(d, 1.25f);
    const V c5 = hn::Set(d, 5.0f);
    y[0] = hn::MulAdd(c5_25, hn::Sub(x[4], x[2]), hn::Sub(x[0], x[6]));
    y[7] = hn::MulAdd(c5_25, hn::Sub(x[3], x[5]), hn::Sub(x[7], x[1]));
    const V even1 = hn::NegMulAdd(c4_25, x[4], hn::Add(x[2], x[6]));
    const V odd1 = hn::NegMulAdd(c4_25, x[3], hn::Add(x[1], x[5]));
    y[1] = hn::Add(even1, odd1);
    y[2] = hn::Sub(even1, odd1);
    const V middle = hn::Mul(c2_5, x[3]);
    const V even2 = hn::MulAdd(quarter, x[2], hn::NegMulAdd(c1_25, x[4], x[6]));
    const V odd2 = hn::MulAdd(half, x[1], hn::MulSub(two, x[5], middle));
    y[3] = hn::Add(even2, odd2);
    y[4] = hn::Sub(even2, odd2);
    const V even3 = hn::MulAdd(four, x[2], hn::NegMulAdd(c5, x[4], x[6]));
    const V odd3 = hn::MulAdd(two, x[1], hn::MulSub(half, x[5], middle));
    y[5] = hn::Add(even3, odd3);
    y[6] = hn::Sub(even3, odd3);
  }

  static HWY_INLINE void Output(const V* HWY_RESTRICT x, V* HWY_RESTRICT y) {
    const V sum1 = hn::Add(x[1], x[2]), difference1 = hn::Sub(x[1], x[2]);
    const V sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
    const V sum3 = hn::Add(x[5], x[6]), difference3 = hn::Sub(x[5], x[6]);
    auto row = [](float c2, V b, float c3, V c, V a)
                   HWY_ATTR { return hn::MulAdd(hn::Set(d, c2), b, hn::MulAdd(hn::Set(d, c3), c, a)); };
    y[0] = row(1.0f / 32, sum2, 1.0f / 2, sum3, hn::Add(x[0], sum1));
    y[1] = row(1.0f / 16, difference2, 1.0f / 4, difference3, difference1);
    y[2] = row(1.0f / 8, sum2, 1.0f / 8, sum3, sum1);
    y[3] = row(1.0f / 4, difference2, 1.0f / 16, difference3, difference1);
    y[4] = row(1.0f / 2, sum2, 1.0f / 32, sum3, sum1);
    y[5] = row(1.0f, difference2, 1.0f / 64, difference3, hn::Add(x[7], difference1));
  }
};

// The points 0, a, -a, b, -b, infinity with a = sqrt(2) and b = 1 / a.
struct F4 {
  static constexpr int kOutputs = 4;
  static constexpr int kPoints = 6;
  static constexpr float kA = 1.41421356237309505f;
  static constexpr float kB = 0.707106781186547524f;

  static HWY_INLINE void Input(const V* HWY_RESTRICT x, V* HWY_RESTRICT y) {
    const V a = hn::Set(d, kA), b = hn::Set(d, kB), c2_5 = hn::Set(d, 2.5f), half = hn::Set(d, 0.5f),
            two = hn::Set(d, 2.0f);
    y[0] = hn::NegMulAdd(c2_5, x[2], hn::Add(x[0], x[4]));
    y[5] = hn::NegMulAdd(c2_5, x[3], hn::Add(x[1], x[5]));
    const V even1 = hn::NegMulAdd(half, x[2], x[4]), odd1 = hn::Mul(a, hn::NegMulAdd(half, x[1], x[3]));
    y[1] = hn::Add(even1, odd1);
    y[2] = hn::Sub(even1, odd1);
    const V even2 = hn::NegMulAdd(two, x[2], x[4]), odd2 = hn::Mul(b, hn::NegMulAdd(two, x[1], x[3]));
    y[3] = hn::Add(even2, odd2);
    y[4] = hn::Sub(even2, odd2);
  }

  static HWY_INLINE void Output(const V* HWY_RESTRICT x, V* HWY_RESTRICT y) {
    const V half = hn::Set(d, 0.5f), two = hn::Set(d, 2.0f), b = hn::Set(d, kB);
    const V sum1 = hn::Add(x[1], x[2]), difference1 = hn::Sub(x[1], x[2]);
    const V sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
    y[0] = hn::Add(x[0], hn::MulSub(half, sum1, sum2));
    y[1] = hn::Mul(b, hn::Sub(difference1, difference2));
    y[2] = hn::NegMulAdd(half, sum2, sum1);
    y[3] = hn::MulAdd(b, hn::NegMulAdd(half, difference2, hn::Mul(two, difference1)), x[5]);
  }
};

// A tile's input where it reaches over the map's edge, or is unpooled: [points][points][16].
template <int kPoints>
HWY_INLINE void CopyPatch(const TileSource& source, int y0, int x0, float* HWY_RESTRICT patch) {
  const V zero = hn::Zero(d);
  for (int y = 0; y < kPoints; ++y) {
    for (int x = 0; x < kPoints; ++x, patch += kBlock) {
      const bool inside = y0 + y >= 0 && y0 + y < source.height && x0 + x >= 0 && x0 + x < source.width;
      const float* from =
          inside ? source.block + (static_cast<size_t>(y0 + y) * source.width + (x0 + x)) * kBlock : nullptr;
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsPerBlock; ++v)
        hn::StoreU(inside ? hn::LoadU(d, from + v * kLanes) : zero, d, patch + v * kLanes);
    }
  }
}

template <int kPoints>
HWY_INLINE void UnpoolPatch(const TileSource& source, int y0, int x0, float* HWY_RESTRICT patch) {
  // Positions of an odd last row or column belong to no window, and those outside the map are zero.
  const int pooled_height = source.height / 2, pooled_width = source.width / 2;
  const V zero = hn::Zero(d);
  // y0 and x0 are odd: the first window starts one before the patch, the last one ends one behind it.
  for (int wy = 0; wy <= kPoints / 2; ++wy) {
    const int py = (y0 - 1) / 2 + wy;
    for (int wx = 0; wx <= kPoints / 2; ++wx) {
      const int px = (x0 - 1) / 2 + wx;
      const bool inside = py >= 0 && py < pooled_height && px >= 0 && px < pooled_width;
      const size_t at = inside ? static_cast<size_t>(py) * pooled_width + px : 0;
      const uint16_t right = inside ? source.choice[at] : 0;
      const uint16_t lower = inside ? source.choice[source.choice_stride + at] : 0;
      for (int dy = 0; dy < 2; ++dy) {
        const int y = 2 * wy + dy - 1;
        if (y < 0 || y >= kPoints) continue;
        for (int dx = 0; dx < 2; ++dx) {
          const int x = 2 * wx + dx - 1;
          if (x < 0 || x >= kPoints) continue;
          const auto bits = static_cast<uint16_t>((dy != 0 ? lower : ~lower) & (dx != 0 ? right : ~right));
          float* to = patch + (y * kPoints + x) * kBlock;
#pragma GCC unroll 4
          for (int v = 0; v < kVectorsPerBlock; ++v) {
            hn::StoreU(inside ? hn::IfThenElseZero(MaskOf(bits, v),
                                                   hn::LoadU(d, source.block + at * kBlock + v * kLanes))
                              : zero,
                       d, to + v * kLanes);
          }
        }
      }
    }
  }
}

template <class F>
HWY_INLINE void InputTiles(const TileSource& source, int tiles_x, int first, int last, float* HWY_RESTRICT v,
                           size_t point_stride) {
  constexpr int kPoints = F::kPoints;
  HWY_ALIGN float patch[kPoints * kPoints * kBlock];
  HWY_ALIGN float half[kPoints * kPoints * kLanes];
  int ty = first / tiles_x, tx = first % tiles_x;
  for (int tile = first; tile < last; ++tile, v += kBlock) {
    const int y0 = ty * F::kOutputs - 1, x0 = tx * F::kOutputs - 1;
    const float* from = patch;
    size_t row_stride = kPoints * kBlock;
    if (source.choice != nullptr) {
      UnpoolPatch<kPoints>(source, y0, x0, patch);
    } else if (y0 < 0 || x0 < 0 || y0 + kPoints > source.height || x0 + kPoints > source.width) {
      CopyPatch<kPoints>(source, y0, x0, patch);
    } else {
      from = source.block + (static_cast<size_t>(y0) * source.width + x0) * kBlock;
      row_stride = static_cast<size_t>(source.width) * kBlock;
    }
    for (int lane = 0; lane < kBlock; lane += kLanes) {
      for (int x = 0; x < kPoints; ++x) {
        V in[kPoints], out[kPoints];
#pragma GCC unroll 8
        for (int y = 0; y < kPoints; ++y) in[y] = hn::LoadU(d, from + y * row_stride + x * kBlock + lane);
        F::Input(in, out);
#pragma GCC unroll 8
        for (int y = 0; y < kPoints; ++y) hn::Store(out[y], d, half + (y * kPoints + x) * kLanes);
      }
      float* to = v + lane;
      for (int y = 0; y < kPoints; ++y) {
        V in[kPoints], out[kPoints];
#pragma GCC unroll 8
        for (int x = 0; x < kPoints; ++x) in[x] = hn::Load(d, half + (y * kPoints + x) * kLanes);
        F::Input(in, out);
#pragma GCC unroll 8
        for (int x = 0; x < kPoints; ++x, to += point_stride) hn::StoreU(out[x], d, to);
      }
    }
    if (++tx == tiles_x) {
      tx = 0;
      ++ty;
    }
  }
}

// A 2x2 window of 16 channels to its maximum and where that was; the first in reading order wins a tie.
HWY_INLINE void PoolWindow(const float* HWY_RESTRICT upper, const float* HWY_RESTRICT lower,
                           const TileSink& sink, size_t at) {
  V maximum[kVectorsPerBlock];
  uint16_t right = 0, below = 0;
#pragma GCC unroll 4
  for (int v = 0; v < kVectorsPerBlock; ++v) {
    const V a = hn::LoadU(d, upper + v * kLanes), b = hn::LoadU(d, upper + kBlock + v * kLanes);
    const V c = hn::LoadU(d, lower + v * kLanes), e = hn::LoadU(d, lower + kBlock + v * kLanes);
    const V top = hn::Max(a, b), bottom = hn::Max(c, e);
    const uint16_t is_below = BitsOf(hn::Gt(bottom, top), v);
    below = static_cast<uint16_t>(below | is_below);
    right = static_cast<uint16_t>(right | (is_below & BitsOf(hn::Gt(e, c), v)) |
                                  (~is_below & BitsOf(hn::Gt(b, a), v)));
    maximum[v] = hn::Max(top, bottom);
  }
  if (sink.choice != nullptr) {
    sink.choice[at] = right;
    sink.choice[sink.choice_stride + at] = below;
  }
  // Bias and ReLU keep the order of numbers (a tie that they make is masked by the ReLU), so they come after
  // the maximum.
  StoreRow(maximum, static_cast<int>(at), sink.epilogue, sink.block + at * kBlock);
}

template <class F>
HWY_INLINE void OutputTiles(const float* HWY_RESTRICT v, size_t point_stride, int tiles_x, int first,
                            int last, const TileSink& sink) {
  constexpr int kPoints = F::kPoints, kOutputs = F::kOutputs;
  HWY_ALIGN float half[kOutputs * kPoints * kLanes];
  HWY_ALIGN float result[kOutputs * kOutputs * kBlock];
  int ty = first / tiles_x, tx = first % tiles_x;
  for (int tile = first; tile < last; ++tile, v += kBlock) {
    for (int lane = 0; lane < kBlock; lane += kLanes) {
      for (int x = 0; x < kPoints; ++x) {
        V in[kPoints], out[kOutputs];
#pragma GCC unroll 8
        for (int y = 0; y < kPoints; ++y) in[y] = hn::LoadU(d, v + (y * kPoints + x) * point_stride + lane);
        F::Output(in, out);
#pragma GCC unroll 8
        for (int y = 0; y < kOutputs; ++y) hn::Store(out[y], d, half + (y * kPoints + x) * kLanes);
      }
      for (int y = 0; y < kOutputs; ++y) {
        V in[kPoints], out[kOutputs];
#pragma GCC unroll 8
        for (int x = 0; x < kPoints; ++x) in[x] = hn::Load(d, half + (y * kPoints + x) * kLanes);
        F::Output(in, out);
#pragma GCC unroll 8
        for (int x = 0; x < kOutputs; ++x) hn::Store(out[x], d, result + (y * kOutputs + x) * kBlock + lane);
      }
    }
    const int y0 = ty * kOutputs, x0 = tx * kOutputs;
    if (sink.pool) {
      const int pooled_height = sink.height / 2, pooled_width = sink.width / 2;
      const int rows = HWY_MIN(kOutputs / 2, pooled_height - y0 / 2);
      const int columns = HWY_MIN(kOutputs / 2, pooled_width - x0 / 2);
      for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x) {
          const float* window = result + (2 * y * kOutputs + 2 * x) * kBlock;
          PoolWindow(window, window + kOutputs * kBlock, sink,
                     static_cast<size_t>(y0 / 2 + y) * pooled_width + (x0 / 2 + x));
        }
      }
    } else {
      const int rows = HWY_MIN(kOutputs, sink.height - y0), columns = HWY_MIN(kOutputs, sink.width - x0);
      for (int y = 0; y < rows; ++y) {
        const int row = (y0 + y) * sink.width + x0;
        for (int x = 0; x < columns; ++x) {
          V values[kVectorsPerBlock];
#pragma GCC unroll 4
          for (int i = 0; i < kVectorsPerBlock; ++i)
            values[i] = hn::Load(d, result + (y * kOutputs + x) * kBlock + i * kLanes);
          StoreRow(values, row + x, sink.epilogue, sink.block + static_cast<size_t>(row + x) * kBlock);
        }
      }
    }
    if (++tx == tiles_x) {
      tx = 0;
      ++ty;
    }
  }
}

void WinogradInput(int m, const TileSource& source, int tiles_x, int first, int last, float* v,
                   size_t point_stride) {
  if (m == 6) {
    InputTiles<F6>(source, tiles_x, first, last, v, point_stride);
  } else {
    InputTiles<F4>(source, tiles_x, first, last, v, point_stride);
  }
}

void WinogradOutput(int m, const float* v, size_t point_stride, int tiles_x, int first, int last,
                    const TileSink& sink) {
  if (m == 6) {
    OutputTiles<F6>(v, point_stride, tiles_x, first, last, sink);
  } else {
    OutputTiles<F4>(v, point_stride, tiles_x, first, last, sink);
  }
}

}  // namespace impasto::engine::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
