// Included once for each target; see kernels.cc.
#include "engine/executors/cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace impasto::engine::cpu::HWY_NAMESPACE {

void Elementwise(const float* in, float scale, size_t rows, float* out, const Epilogue& epilogue) {
  const V factor = hn::Set(d, scale);
  for (size_t row = 0; row < rows; ++row) {
    V values[kVectorsPerBlock];
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v)
      values[v] = in != nullptr ? hn::Mul(factor, hn::LoadU(d, in + row * kBlock + v * kLanes)) : hn::Zero(d);
    StoreRow(values, static_cast<int>(row), epilogue, out + row * kBlock);
  }
}

void Affine(const float* in, const float* scale, const float* shift, size_t rows, float* out,
            const Epilogue& epilogue) {
  for (size_t row = 0; row < rows; ++row) {
    V values[kVectorsPerBlock];
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) {
      values[v] = hn::MulAdd(hn::LoadU(d, in + row * kBlock + v * kLanes), hn::LoadU(d, scale + v * kLanes),
                             shift != nullptr ? hn::LoadU(d, shift + v * kLanes) : hn::Zero(d));
    }
    StoreRow(values, static_cast<int>(row), epilogue, out + row * kBlock);
  }
}

void MaxPoolWindows(const float* in, int kernel, size_t line, size_t step, int windows, float* out,
                    uint8_t* choice) {
  const hn::RebindToSigned<D> di;
  const hn::Rebind<uint8_t, D> du8;
  for (int w = 0; w < windows; ++w, in += step, out += kBlock) {
    for (int lane = 0; lane < kBlock; lane += kLanes) {
      V best = hn::LoadU(d, in + lane), where = hn::Zero(d);
      for (int k = 1; k < kernel * kernel; ++k) {
        const V x = hn::LoadU(d, in + (k / kernel) * line + (k % kernel) * kBlock + lane);
        const auto more = hn::Gt(x, best);
        best = hn::IfThenElse(more, x, best);
        where = hn::IfThenElse(more, hn::Set(d, static_cast<float>(k)), where);
      }
      hn::StoreU(best, d, out + lane);
      if (choice != nullptr) hn::StoreU(hn::DemoteTo(du8, hn::ConvertTo(di, where)), du8, choice + lane);
    }
    if (choice != nullptr) choice += kBlock;
  }
}

double SquaredDistance(const float* a, const float* b, size_t n) {
  // Vectors of partial sums are short enough (256 rows) that float32 loses nothing that matters.
  constexpr size_t kRun = size_t{256} * kBlock;
  double total = 0;
  for (size_t start = 0; start < n; start += kRun) {
    const size_t end = HWY_MIN(n, start + kRun);
    V sums[kVectorsPerBlock];
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) sums[v] = hn::Zero(d);
    for (size_t i = start; i < end; i += kBlock) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsPerBlock; ++v) {
        const V difference = hn::Sub(hn::LoadU(d, a + i + v * kLanes), hn::LoadU(d, b + i + v * kLanes));
        sums[v] = hn::MulAdd(difference, difference, sums[v]);
      }
    }
    HWY_ALIGN float lanes[kBlock];
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerBlock; ++v) hn::Store(sums[v], d, lanes + v * kLanes);
    for (const float lane : lanes) total += lane;
  }
  return total;
}

std::string TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace impasto::engine::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
