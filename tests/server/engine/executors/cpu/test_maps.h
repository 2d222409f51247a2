// Maps for the tests of this folder: blocked and planar, turned into one another without the executor's own
// code, and scratch space that shows what is written beyond its end.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/executors/cpu/maps.h"
#include "tests/server/engine/executors/cpu/targets.h"

namespace impasto::engine::cpu {

// A test that runs once for each set of vector instructions that this machine has.
class TargetTest : public ::testing::TestWithParam<Target> {
 protected:
  void SetUp() override { ForceTarget(GetParam()); }
};

#define IMPASTO_INSTANTIATE_FOR_TARGETS(suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(Targets, suite, ::testing::ValuesIn(::impasto::engine::cpu::RunnableTargets()), \
                           [](const auto& info) { return info.param.name; })

inline void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

// Normal numbers of variance 1.
inline std::vector<float> RandomFloats(size_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& v : values) v = normal(generator);
  return values;
}
// Small whole numbers: sums and products of them are exact in float32, in any order.
inline std::vector<float> RandomIntegers(size_t n, uint32_t seed, int most = 3) {
  std::mt19937 generator(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(static_cast<int>(generator() % (2u * most + 1u)) - most);
  return values;
}

// A map of its own in the blocked layout.
class TestMap {
 public:
  explicit TestMap(TensorShape shape, float fill = 0) : shape_(shape), data_(BlockedFloats(shape), fill) {}
  TestMap(TensorShape shape, const std::vector<float>& planar) : TestMap(shape) {
    for (size_t i = 0; i < planar.size(); ++i) data_[At(i)] = planar[i];
  }

  MapView view() { return {data_.data(), shape_}; }
  const TensorShape& shape() const { return shape_; }
  std::vector<float>& data() { return data_; }

  std::vector<float> planar() const {
    std::vector<float> planar(shape_.elements());
    for (size_t i = 0; i < planar.size(); ++i) planar[i] = data_[At(i)];
    return planar;
  }
  // The channels beyond the last.
  std::vector<float> filling() const {
    std::vector<float> filling;
    for (size_t i = 0; i < data_.size(); ++i) {
      const size_t block = i / (shape_.positions() * kBlock);
      if (block * kBlock + i % kBlock >= static_cast<size_t>(shape_.channels)) filling.push_back(data_[i]);
    }
    return filling;
  }

  // Where element i of the planar map lies.
  size_t At(size_t i) const {
    const size_t positions = shape_.positions(), channel = i / positions;
    return (channel / kBlock * positions + i % positions) * kBlock + channel % kBlock;
  }

 private:
  TensorShape shape_;
  std::vector<float> data_;
};

// One bit an element, as epilogues have them: [block][position], channel c of the block in bit c.
class TestBits {
 public:
  explicit TestBits(TensorShape shape)
      : shape_(shape), bits_(static_cast<size_t>(BlocksOf(shape.channels)) * shape.positions()) {}
  static TestBits Random(TensorShape shape, uint32_t seed) {
    TestBits bits(shape);
    std::mt19937 generator(seed);
    for (uint16_t& b : bits.bits_)
      b = static_cast<uint16_t>((generator() & generator()) | (generator() & 0x0f0f));
    return bits;
  }
  uint16_t* data() { return bits_.data(); }
  size_t stride() const { return shape_.positions(); }
  // Of element i of the planar map.
  bool at(size_t i) const {
    const size_t channel = i / shape_.positions();
    return (bits_[channel / kBlock * shape_.positions() + i % shape_.positions()] >> (channel % kBlock) &
            1) != 0;
  }

 private:
  TensorShape shape_;
  std::vector<uint16_t> bits_;
};

// Exactly so many floats, full of NaN: what is read before it is written spoils the result, and what is
// written behind the end is seen.
class Scratch {
 public:
  explicit Scratch(size_t floats) : floats_(floats), data_(floats + kGuard, NAN) {
    std::fill(data_.begin() + static_cast<std::ptrdiff_t>(floats), data_.end(), kMark);
  }
  ~Scratch() {
    for (size_t i = floats_; i < data_.size(); ++i)
      EXPECT_EQ(data_[i], kMark) << "float " << i << " of " << floats_ << " is written";
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  float* data() { return data_.data(); }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr float kMark = 12345.0f;
  size_t floats_;
  std::vector<float> data_;
};

// The largest difference, over the largest number expected.
template <typename Expected>
double WorstError(const std::vector<float>& got, const std::vector<Expected>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  double worst = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double off = std::abs(static_cast<double>(got[i]) - expected[i]);
    worst = off > worst || std::isnan(off) ? off : worst;
    if (std::isnan(worst)) return worst;
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return largest == 0 ? worst : worst / largest;
}

}  // namespace impasto::engine::cpu
