#include "engine/executors/cpu/kernels/kernels.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

class KernelsTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(KernelsTest);

TEST_P(KernelsTest, TheForcedInstructionsAreTheOnesUsed) {
  EXPECT_EQ(TargetName(), GetParam().name);
  EXPECT_TRUE(TargetSupported());
}

// Every combination of what an epilogue can do.
struct Wishes {
  bool bias = false, add = false, in_place = false, relu = false, positive = false, keep = false;
};
std::vector<Wishes> AllWishes() {
  std::vector<Wishes> all;
  for (int bits = 0; bits < 64; ++bits) {
    const Wishes w{(bits & 1) != 0, (bits & 2) != 0,  (bits & 4) != 0,
                   (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0};
    if ((!w.in_place || w.add) && (!w.positive || w.relu)) all.push_back(w);
  }
  return all;
}
std::string Describe(const Wishes& w) {
  return absl::StrCat(w.bias ? "bias " : "", w.add ? (w.in_place ? "add in place " : "add ") : "",
                      w.relu ? "relu " : "", w.positive ? "positive " : "", w.keep ? "keep" : "");
}

// The buffers of an epilogue for `blocks` blocks of `rows` rows, with numbers that are whole, so that every
// result is exact. What is written beyond the rows of a block is seen.
struct EpilogueCase {
  static constexpr float kUntouched = -7777;

  EpilogueCase(const Wishes& wishes, int blocks, size_t rows, uint32_t seed)
      : wishes(wishes),
        rows(rows),
        out_stride((rows + 3) * kBlock),
        bits_stride(rows + 2),
        bias(RandomIntegers(static_cast<size_t>(blocks) * kBlock, seed)),
        add(RandomIntegers(out_stride * blocks, seed + 1, 9)),
        positive(bits_stride * blocks, 0xa5a5),
        keep(bits_stride * blocks),
        out(out_stride * blocks, kUntouched) {
    std::mt19937 generator(seed + 2);
    for (uint16_t& bits : keep) bits = static_cast<uint16_t>(generator());
    if (wishes.in_place) out = add;
    epilogue = {.bias = wishes.bias ? bias.data() : nullptr,
                .add = !wishes.add       ? nullptr
                       : wishes.in_place ? out.data()
                                         : add.data(),
                .relu = wishes.relu,
                .positive = wishes.positive ? positive.data() : nullptr,
                .keep = wishes.keep ? keep.data() : nullptr,
                .bits_stride = bits_stride};
  }

  // `value(block, row, lane)` before the epilogue.
  template <typename Value>
  void Check(Value value) const {
    for (size_t block = 0; block * out_stride < out.size(); ++block) {
      for (size_t row = 0; row < out_stride / kBlock; ++row) {
        uint16_t bits = 0;
        for (size_t lane = 0; lane < kBlock; ++lane) {
          const size_t at = block * out_stride + row * kBlock + lane;
          if (row >= rows) {
            ASSERT_EQ(out[at], wishes.in_place ? add[at] : kUntouched) << "row " << row;
            continue;
          }
          float expected = value(block, row, lane);
          if (wishes.bias) expected += bias[block * kBlock + lane];
          if (wishes.add) expected += add[at];
          if (wishes.relu) expected = std::max(expected, 0.0f);
          if (wishes.relu && expected > 0) bits = static_cast<uint16_t>(bits | 1u << lane);
          if (wishes.keep && (keep[block * bits_stride + row] >> lane & 1) == 0) expected = 0;
          ASSERT_EQ(out[at], expected) << "block " << block << " row " << row << " lane " << lane;
        }
        if (row < bits_stride) {
          ASSERT_EQ(positive[block * bits_stride + row], wishes.positive && row < rows ? bits : 0xa5a5)
              << "block " << block << " row " << row;
        }
      }
    }
  }

  const Wishes wishes;
  const size_t rows;
  const size_t out_stride, bits_stride;
  std::vector<float> bias, add;
  std::vector<uint16_t> positive;
  std::vector<uint16_t> keep;
  std::vector<float> out;
  Epilogue epilogue;
};

struct GemmInput {
  GemmInput(int rows, int in_blocks, int out_blocks, uint32_t seed)
      : in_stride((rows + 1) * static_cast<size_t>(kBlock)),
        weights_stride(static_cast<size_t>(in_blocks) * kBlock * kBlock + 16),
        in(RandomIntegers(in_stride * in_blocks, seed)),
        weights(RandomIntegers(weights_stride * out_blocks, seed + 1)),
        in_blocks(in_blocks) {}
  float Product(size_t block, size_t row, size_t lane) const {
    float sum = 0;
    for (int c = 0; c < in_blocks * kBlock; ++c)
      sum += in[in_stride * (c / kBlock) + row * kBlock + c % kBlock] *
             weights[weights_stride * block + static_cast<size_t>(c) * kBlock + lane];
    return sum;
  }
  size_t in_stride, weights_stride;
  std::vector<float> in, weights;
  int in_blocks;
};

TEST_P(KernelsTest, GemmOfEveryNumberOfRows) {
  for (int rows = 1; rows <= 50; ++rows) {
    for (const int in_blocks : {1, 3}) {
      for (const int out_blocks : {1, 2, 3, 4, 5}) {
        SCOPED_TRACE(absl::StrCat(rows, " rows, ", in_blocks, " to ", out_blocks, " blocks"));
        const GemmInput input(rows, in_blocks, out_blocks, rows);
        EpilogueCase result({}, out_blocks, rows, rows);
        Gemm({.rows = rows,
              .in = input.in.data(),
              .in_stride = input.in_stride,
              .in_blocks = in_blocks,
              .weights = input.weights.data(),
              .weights_stride = input.weights_stride,
              .out = result.out.data(),
              .out_stride = result.out_stride,
              .out_blocks = out_blocks});
        ASSERT_NO_FATAL_FAILURE(result.Check(
            [&](size_t block, size_t row, size_t lane) { return input.Product(block, row, lane); }));
      }
    }
  }
}

TEST_P(KernelsTest, GemmWithEveryEpilogue) {
  for (const Wishes& wishes : AllWishes()) {
    for (int rows = 1; rows <= 25; ++rows) {
      for (const int out_blocks : {1, 2, 3}) {
        SCOPED_TRACE(absl::StrCat(rows, " rows, ", out_blocks, " blocks, ", Describe(wishes)));
        const GemmInput input(rows, 1, out_blocks, rows);
        EpilogueCase result(wishes, out_blocks, rows, rows);
        Gemm({.rows = rows,
              .in = input.in.data(),
              .in_stride = input.in_stride,
              .in_blocks = 1,
              .weights = input.weights.data(),
              .weights_stride = input.weights_stride,
              .out = result.out.data(),
              .out_stride = result.out_stride,
              .out_blocks = out_blocks,
              .epilogue = &result.epilogue});
        ASSERT_NO_FATAL_FAILURE(result.Check(
            [&](size_t block, size_t row, size_t lane) { return input.Product(block, row, lane); }));
      }
    }
  }
}

TEST_P(KernelsTest, GemmWindowsWithEveryEpilogue) {
  for (const Wishes& wishes : AllWishes()) {
    for (int rows = 1; rows <= 25; ++rows) {
      const int step = 1 + rows % 3, features = 1 + rows % 28, out_blocks = 1 + rows % 4;
      SCOPED_TRACE(absl::StrCat(rows, " rows, ", features, " features, step ", step, ", ", Describe(wishes)));
      // Offsets in no order, one of them twice.
      std::vector<int> offsets;
      for (int f = 0; f < features; ++f) offsets.push_back(f * 37 % 101);
      offsets.back() = offsets.front();
      const std::vector<float> in = RandomIntegers(101 + static_cast<size_t>(rows) * step, rows);
      const size_t weights_stride = static_cast<size_t>(features) * kBlock + 48;
      const std::vector<float> weights = RandomIntegers(weights_stride * out_blocks, rows + 1);
      EpilogueCase result(wishes, out_blocks, rows, rows);
      GemmWindows({.rows = rows,
                   .in = in.data(),
                   .offsets = offsets.data(),
                   .features = features,
                   .step = step,
                   .weights = weights.data(),
                   .weights_stride = weights_stride,
                   .out = result.out.data(),
                   .out_stride = result.out_stride,
                   .out_blocks = out_blocks,
                   .epilogue = &result.epilogue});
      ASSERT_NO_FATAL_FAILURE(result.Check([&](size_t block, size_t row, size_t lane) {
        float sum = 0;
        for (int f = 0; f < features; ++f)
          sum += in[offsets[f] + row * step] * weights[weights_stride * block + f * kBlock + lane];
        return sum;
      }));
    }
  }
}

TEST_P(KernelsTest, ElementwiseWithEveryEpilogue) {
  for (const Wishes& wishes : AllWishes()) {
    for (const int rows : {1, 2, 5, 18}) {
      for (const bool zeros : {false, true}) {
        SCOPED_TRACE(absl::StrCat(rows, " rows, ", Describe(wishes), zeros ? " of zeros" : ""));
        const std::vector<float> in = RandomIntegers(static_cast<size_t>(rows) * kBlock, 77);
        EpilogueCase result(wishes, 1, rows, 31);
        Elementwise(zeros ? nullptr : in.data(), -2, rows, result.out.data(), result.epilogue);
        ASSERT_NO_FATAL_FAILURE(result.Check(
            [&](size_t, size_t row, size_t lane) { return zeros ? 0.0f : -2.0f * in[row * kBlock + lane]; }));
      }
    }
  }
}

TEST_P(KernelsTest, ElementwiseInPlace) {
  std::vector<float> values = RandomIntegers(7 * kBlock, 5);
  const std::vector<float> before = values;
  Elementwise(values.data(), 3, 7, values.data(), {});
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], 3 * before[i]);
}

TEST_P(KernelsTest, AffineWithEveryEpilogue) {
  const std::vector<float> scale = RandomIntegers(kBlock, 1), shift = RandomIntegers(kBlock, 2);
  for (const Wishes& wishes : AllWishes()) {
    for (const bool shifted : {false, true}) {
      SCOPED_TRACE(absl::StrCat(Describe(wishes), shifted ? " shifted" : ""));
      const std::vector<float> in = RandomIntegers(9 * kBlock, 78);
      EpilogueCase result(wishes, 1, 9, 32);
      Affine(in.data(), scale.data(), shifted ? shift.data() : nullptr, 9, result.out.data(),
             result.epilogue);
      ASSERT_NO_FATAL_FAILURE(result.Check([&](size_t, size_t row, size_t lane) {
        return in[row * kBlock + lane] * scale[lane] + (shifted ? shift[lane] : 0.0f);
      }));
    }
  }
}

TEST_P(KernelsTest, APositiveNumberHoweverSmallHasItsBit) {
  std::vector<float> values(2 * kBlock, 0.0f);
  values[3] = std::numeric_limits<float>::min();
  values[4] = -std::numeric_limits<float>::min();
  values[5] = -0.0f;
  values[kBlock + 15] = INFINITY;
  std::vector<uint16_t> positive(2, 0xffff);
  Elementwise(values.data(), 1, 2, values.data(), {.relu = true, .positive = positive.data()});
  EXPECT_EQ(positive, (std::vector<uint16_t>{1u << 3, 1u << 15}));
  EXPECT_EQ(values[4], 0);
}

TEST_P(KernelsTest, MaxPoolWindowsTakeTheFirstMaximum) {
  for (const int kernel : {1, 2, 3}) {
    for (const int stride : {1, 2, 3}) {
      for (const int windows : {1, 2, 7}) {
        for (const bool keep : {false, true}) {
          SCOPED_TRACE(absl::StrCat("kernel ", kernel, " stride ", stride, " windows ", windows));
          const size_t line = (static_cast<size_t>(windows) * stride + kernel) * kBlock;
          // Of few values, so that there are ties.
          const std::vector<float> in = RandomIntegers(line * kernel, 3, 1);
          std::vector<float> out(static_cast<size_t>(windows) * kBlock + 1, -9.0f);
          std::vector<uint8_t> choice(out.size(), 99);
          MaxPoolWindows(in.data(), kernel, line, static_cast<size_t>(stride) * kBlock, windows, out.data(),
                         keep ? choice.data() : nullptr);
          for (size_t i = 0; i + 1 < out.size(); ++i) {
            const auto at = [&](int k) {
              return in[k / kernel * line + (i / kBlock * stride + k % kernel) * kBlock + i % kBlock];
            };
            int best = 0;
            for (int k = 1; k < kernel * kernel; ++k) best = at(k) > at(best) ? k : best;
            ASSERT_EQ(out[i], at(best)) << i;
            ASSERT_EQ(choice[i], keep ? best : 99) << i;
          }
          EXPECT_EQ(out.back(), -9);
          EXPECT_EQ(choice.back(), 99);
        }
      }
    }
  }
}

TEST_P(KernelsTest, GramStripAddsUp) {
  for (const int rows : {1, 2, 3, 7, 8, 64, 95}) {
    for (const int blocks : {1, 2, 3, 4, 5}) {
      SCOPED_TRACE(absl::StrCat(rows, " rows, ", blocks, " blocks"));
      const size_t b_stride = (static_cast<size_t>(rows) + 2) * kBlock, ld = blocks * kBlock + 5u;
      const std::vector<float> a = RandomIntegers(static_cast<size_t>(rows) * kBlock, 1);
      const std::vector<float> b = RandomIntegers(b_stride * blocks, 2);
      const std::vector<float> before = RandomIntegers(kBlock * ld, 3);
      std::vector<float> gram = before;
      GramStrip(rows, a.data(), b.data(), b_stride, blocks, gram.data(), ld);
      for (size_t i = 0; i < kBlock; ++i) {
        for (size_t j = 0; j < ld; ++j) {
          float expected = before[i * ld + j];
          for (size_t row = 0; row < static_cast<size_t>(rows) && j < static_cast<size_t>(blocks) * kBlock;
               ++row)
            expected += a[row * kBlock + i] * b[j / kBlock * b_stride + row * kBlock + j % kBlock];
          ASSERT_EQ(gram[i * ld + j], expected) << i << ", " << j;
        }
      }
    }
  }
}

TEST_P(KernelsTest, Transpose) {
  std::vector<float> from(kBlock * kBlock), to(kBlock * kBlock + 1, -1.0f);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  Transpose16(from.data(), to.data());
  for (size_t i = 0; i < kBlock; ++i) {
    for (size_t j = 0; j < kBlock; ++j) ASSERT_EQ(to[j * kBlock + i], from[i * kBlock + j]) << i << ", " << j;
  }
  EXPECT_EQ(to.back(), -1);
}

TEST_P(KernelsTest, SquaredDistanceOfEveryLength) {
  for (const size_t rows : {0u, 1u, 2u, 255u, 256u, 257u, 600u}) {
    const std::vector<float> a = RandomIntegers(rows * kBlock, 1), b = RandomIntegers(rows * kBlock, 2);
    double expected = 0;
    for (size_t i = 0; i < a.size(); ++i) expected += static_cast<double>(a[i] - b[i]) * (a[i] - b[i]);
    EXPECT_EQ(SquaredDistance(a.data(), b.data(), a.size()), expected) << rows;
  }
}

TEST_P(KernelsTest, SquaredDistanceKeepsSmallPartsOfALargeSum) {
  // In float32 alone, ones would be lost behind 2^24.
  std::vector<float> a(size_t{1} << 21, 1.0f);
  const std::vector<float> b(a.size(), 0.0f);
  a[0] = 8192;
  EXPECT_NEAR(SquaredDistance(a.data(), b.data(), a.size()),
              8192.0 * 8192 + static_cast<double>(a.size()) - 1, 600);
}

// A map that isn't transformed: what a point alone makes of an output tile, which is exact for corners.
class PoolSinkTest : public TargetTest {
 protected:
  // The 2x2 windows at the four corners of one tile have one number each that isn't zero, namely `values` at
  // the tile's corners, 16 channels each.
  void Run(int m, const std::vector<float>& values) {
    const int n = m + 2;
    std::vector<float> v(static_cast<size_t>(n) * n * kBlock, 0.0f);
    for (int corner = 0; corner < 4; ++corner) {
      const int point = (corner / 2 == 0 ? 0 : n - 1) * n + (corner % 2 == 0 ? 0 : n - 1);
      std::copy_n(values.begin() + corner * kBlock, kBlock, v.begin() + point * kBlock);
    }
    const int pooled = m / 2;
    out_.assign(static_cast<size_t>(pooled) * pooled * kBlock, -1.0f);
    choice_.assign(2 * static_cast<size_t>(pooled) * pooled, 0xffff);
    TileSink sink{.block = out_.data(),
                  .height = m,
                  .width = m,
                  .choice = choice_.data(),
                  .choice_stride = static_cast<size_t>(pooled) * pooled,
                  .pool = true};
    WinogradOutput(m, v.data(), kBlock, 1, 0, 1, sink);
  }
  std::vector<float> out_;
  std::vector<uint16_t> choice_;
};
IMPASTO_INSTANTIATE_FOR_TARGETS(PoolSinkTest);

TEST_P(PoolSinkTest, TheFirstOfEqualMaximaIsChosen) {
  for (const int m : {4, 6}) {
    for (const float value : {-1.0f, 0.0f, 1.0f}) {
      SCOPED_TRACE(absl::StrCat("m ", m, ", ", value));
      Run(m, std::vector<float>(4 * kBlock, value));
      const int pooled = m / 2, last = pooled - 1;
      for (int window = 0; window < pooled * pooled; ++window) {
        const int y = window / pooled, x = window % pooled;
        const bool corner = (y == 0 || y == last) && (x == 0 || x == last);
        // The corner of the tile is also the corner of its window: the upper left number in the upper left
        // one.
        const int place = corner ? (y == last) * 2 + (x == last) : 0;
        // The number itself, if it is larger than the three zeros (or the first of equals), else the first
        // zero.
        const int chosen = !corner || value == 0 ? 0 : value > 0 ? place : place == 0 ? 1 : 0;
        const float maximum = corner ? std::max(value, 0.0f) : 0.0f;
        EXPECT_EQ(choice_[window], (chosen & 1) != 0 ? 0xffff : 0) << y << ", " << x;
        EXPECT_EQ(choice_[pooled * pooled + window], (chosen & 2) != 0 ? 0xffff : 0) << y << ", " << x;
        for (int lane = 0; lane < kBlock; ++lane) EXPECT_EQ(out_[window * kBlock + lane], maximum);
      }
    }
  }
}

TEST_P(PoolSinkTest, EachChannelForItself) {
  std::vector<float> values(4 * kBlock);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? 1.0f : -1.0f;
  Run(6, values);
  for (const int window : {0, 2, 6, 8}) {
    const int place = (window >= 6 ? 2 : 0) + (window % 3 == 2 ? 1 : 0);
    for (int lane = 0; lane < kBlock; ++lane) {
      const bool positive = values[place * kBlock + lane] > 0;
      const int chosen = positive ? place : place == 0 ? 1 : 0;
      EXPECT_EQ(choice_[window] >> lane & 1, chosen & 1) << window << " " << lane;
      EXPECT_EQ(choice_[9 + window] >> lane & 1, chosen >> 1) << window << " " << lane;
      EXPECT_EQ(out_[window * kBlock + lane], positive ? 1.0f : 0.0f);
    }
  }
}

}  // namespace
}  // namespace impasto::engine::cpu
