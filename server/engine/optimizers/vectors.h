// Passes over long vectors. Sums are in double, in eight partial sums: the compiler may use vectors for them
// without leave to reorder a sum, and the result is the same on every machine.
#pragma once

#include <cstddef>

namespace impasto::engine {

inline constexpr size_t kLanes = 8;

// sum over i of term(i), in double.
template <typename Term>
double Sum(size_t size, const Term& term) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
  }
  for (; i < size; ++i) lanes[0] += term(i);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

inline double Dot(const float* __restrict a, const float* __restrict b, size_t size) {
  return Sum(size, [=](size_t i) { return static_cast<double>(a[i]) * b[i]; });
}

// x += factor a; returns x . b, with the new x. One pass in place of two.
inline double AddThenDot(float factor, const float* __restrict a, float* __restrict x,
                         const float* __restrict b, size_t size) {
  return Sum(size, [=](size_t i) {
    x[i] += factor * a[i];
    return static_cast<double>(x[i]) * b[i];
  });
}

}  // namespace impasto::engine
