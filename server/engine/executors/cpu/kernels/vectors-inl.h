// Included once for each target: the vector type of all kernels, and what they all do to a row of 16
// channels.
#if defined(IMPASTO_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef IMPASTO_VECTORS_INL_H_
#undef IMPASTO_VECTORS_INL_H_
#else
#define IMPASTO_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include "engine/executors/cpu/kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace impasto::engine::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A vector is at most a block; a block is a whole number of vectors.
using D = hn::CappedTag<float, kBlock>;
using V = hn::Vec<D>;
constexpr D d;
constexpr int kLanes = HWY_MIN(HWY_LANES(float), kBlock);
constexpr int kVectorsPerBlock = kBlock / kLanes;

// The bits of a row's 16 channels, lowest channel lowest.
HWY_INLINE hn::Mask<D> MaskOf(uint16_t bits, int vector) {
  // LoadMaskBits may read 8 bytes.
  const uint64_t shifted = static_cast<uint64_t>(bits) >> (vector * kLanes);
  return hn::LoadMaskBits(d, reinterpret_cast<const uint8_t*>(&shifted));
}
HWY_INLINE uint16_t BitsOf(hn::Mask<D> mask, int vector) {
  uint64_t bits = 0;
  hn::StoreMaskBits(d, mask, reinterpret_cast<uint8_t*>(&bits));
  return static_cast<uint16_t>(bits << (vector * kLanes));
}

// The epilogue of row `row`, counted from the epilogue's pointers, and the store to `out`.
HWY_INLINE void StoreRow(const V* values, int row, const Epilogue& epilogue, float* out) {
  uint16_t positive = 0;
#pragma GCC unroll 4
  for (int v = 0; v < kVectorsPerBlock; ++v) {
    V x = values[v];
    if (epilogue.bias != nullptr) x = hn::Add(x, hn::LoadU(d, epilogue.bias + v * kLanes));
    if (epilogue.add != nullptr) x = hn::Add(x, hn::LoadU(d, epilogue.add + row * kBlock + v * kLanes));
    if (epilogue.relu) {
      x = hn::Max(x, hn::Zero(d));
      if (epilogue.positive != nullptr)
        positive = static_cast<uint16_t>(positive | BitsOf(hn::Gt(x, hn::Zero(d)), v));
    }
    if (epilogue.keep != nullptr) x = hn::IfThenElseZero(MaskOf(epilogue.keep[row], v), x);
    hn::StoreU(x, d, out + v * kLanes);
  }
  if (epilogue.relu && epilogue.positive != nullptr) epilogue.positive[row] = positive;
}

}  // namespace impasto::engine::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the include guard of this target
