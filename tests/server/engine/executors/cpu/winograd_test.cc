#include "engine/executors/cpu/winograd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/reference_convolution.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;

class WinogradTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(WinogradTest);

// Rounding of a convolution of few channels, as a share of its largest output.
double Rounding(int m) { return m == 6 ? 2e-5 : 6e-6; }

// A convolution with its kernels and transformed kernels.
struct Layer {
  Layer(int in, int out, int m, ThreadPool& pool, uint32_t seed = 1)
      : reference{in, out, 3, 1, 1},
        kernels(RandomFloats(static_cast<size_t>(in) * out * 9, seed)),
        weights(TransformKernels(kernels, out, in, {}, m, pool)) {}
  ReferenceConvolution reference;
  std::vector<float> kernels;
  WinogradWeights weights;
};

// One pass from `source` to `sink`, both maps of the convolution itself; the epilogue is the sink's.
void Convolve(const WinogradWeights& weights, bool backward, MapView source, MapView sink,
              const Epilogue& epilogue, ThreadPool& pool) {
  Scratch scratch(WinogradScratch(weights, backward, sink.shape.height, sink.shape.width, pool.threads()));
  const TileSource tile_source{
      .block = source.data, .height = source.shape.height, .width = source.shape.width};
  const TileSink tile_sink{
      .block = sink.data, .height = sink.shape.height, .width = sink.shape.width, .epilogue = epilogue};
  RunWinograd({.weights = &weights,
               .backward = backward,
               .height = sink.shape.height,
               .width = sink.shape.width,
               .source = tile_source,
               .source_stride = source.stride(),
               .sink = tile_sink,
               .sink_stride = sink.stride()},
              pool, scratch.data());
}

std::vector<float> Forward(const Layer& layer, const std::vector<float>& x, int height, int width,
                           ThreadPool& pool) {
  TestMap in({layer.reference.in, height, width}, x), out({layer.reference.out, height, width}, NAN);
  Convolve(layer.weights, false, in.view(), out.view(), {}, pool);
  EXPECT_THAT(out.filling(), Each(0.0f));
  return out.planar();
}
std::vector<float> Backward(const Layer& layer, const std::vector<float>& g, int height, int width,
                            ThreadPool& pool) {
  TestMap from({layer.reference.out, height, width}, g), to({layer.reference.in, height, width}, NAN);
  Convolve(layer.weights, true, from.view(), to.view(), {}, pool);
  EXPECT_THAT(to.filling(), Each(0.0f));
  return to.planar();
}

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// Both directions against loops, and against each other.
void Check(int m, int in, int out, int height, int width) {
  SCOPED_TRACE(absl::StrCat("F(", m, "x", m, ") ", in, " to ", out, " channels, ", height, "x", width));
  ThreadPool one(1), three(3);
  const Layer layer(in, out, m, three);
  ASSERT_NE(layer.weights.u.data(), nullptr);
  const TensorShape in_shape{in, height, width}, out_shape{out, height, width};
  const std::vector<float> x = RandomFloats(in_shape.elements(), 2),
                           g = RandomFloats(out_shape.elements(), 3);
  const std::vector<float> y = Forward(layer, x, height, width, one);
  EXPECT_LT(WorstError(y, layer.reference.Forward(layer.kernels, x, in_shape)), Rounding(m));
  const std::vector<float> gradient = Backward(layer, g, height, width, one);
  EXPECT_LT(WorstError(gradient, layer.reference.Backward(layer.kernels, g, in_shape)), Rounding(m));
  // <conv(x), g> = <x, conv^T(g)>.
  EXPECT_NEAR(Dot(y, g), Dot(x, gradient), 1e-5 * std::sqrt(Dot(y, y) * Dot(g, g)));
  // However the tiles are shared out.
  EXPECT_EQ(Forward(layer, x, height, width, three), y);
  EXPECT_EQ(Backward(layer, g, height, width, three), gradient);
}

TEST_P(WinogradTest, EverySizeUpToThreeTiles) {
  for (const int m : {4, 6}) {
    for (int height = 1; height <= 2 * m + 1; ++height) {
      for (const int width : {1, 2, 3, m - 1, m, m + 1, 2 * m - 1, 2 * m, 2 * m + 1, 3 * m + 1})
        ASSERT_NO_FATAL_FAILURE(Check(m, 3, 2, height, width));
    }
  }
}

TEST_P(WinogradTest, EveryNumberOfChannels) {
  for (const int m : {4, 6}) {
    for (const int in : {1, 15, 16, 17, 64}) {
      for (const int out : {1, 15, 16, 17, 64}) ASSERT_NO_FATAL_FAILURE(Check(m, in, out, m + 1, 2 * m - 1));
    }
    // Blocks beyond the four whose products are held at a time.
    ASSERT_NO_FATAL_FAILURE(Check(m, 90, 150, 7, 5));
    ASSERT_NO_FATAL_FAILURE(Check(m, 160, 40, 5, 9));
  }
}

TEST_P(WinogradTest, ManyTiles) {
  // More than one part of the tiles, whether each thread takes its own or all share one.
  for (const int m : {4, 6}) {
    ASSERT_NO_FATAL_FAILURE(Check(m, 3, 5, 113, 121));
    ASSERT_NO_FATAL_FAILURE(Check(m, 33, 20, 101, 70));
    ASSERT_NO_FATAL_FAILURE(Check(m, 1, 1, 1, 1800));
    ASSERT_NO_FATAL_FAILURE(Check(m, 1, 1, 1800, 1));
  }
}

// The worst error of a deep layer, as a share of its largest output. `positive`: inputs behind a ReLU.
double DeepError(int m, bool backward, bool positive) {
  ThreadPool pool(2);
  constexpr int kDeep = 512, kFew = 24, kHeight = 25, kWidth = 24;
  const int in = backward ? kFew : kDeep, out = backward ? kDeep : kFew;
  const Layer layer(in, out, m, pool);
  std::vector<float> x = RandomFloats(static_cast<size_t>(kDeep) * kHeight * kWidth, 2);
  if (positive) {
    for (float& v : x) v = std::max(v, 0.0f);
  }
  const TensorShape in_shape{in, kHeight, kWidth};
  const double error = backward ? WorstError(Backward(layer, x, kHeight, kWidth, pool),
                                             layer.reference.Backward(layer.kernels, x, in_shape))
                                : WorstError(Forward(layer, x, kHeight, kWidth, pool),
                                             layer.reference.Forward(layer.kernels, x, in_shape));
  std::printf("F(%dx%d) %s%s: %.1e of the largest output\n", m, m, backward ? "backward" : "forward",
              positive ? ", behind a ReLU" : "", error);
  return error;
}

TEST_P(WinogradTest, TheWorstErrorOf512Channels) {
  for (const bool backward : {false, true}) {
    for (const bool positive : {false, true}) {
      EXPECT_LT(DeepError(6, backward, positive), 3.4e-5);
      EXPECT_LT(DeepError(4, backward, positive), 2.0e-5);
    }
  }
}

TEST_P(WinogradTest, TheRotatedKernelsTransformIsAPermutation) {
  ThreadPool pool(2);
  for (const int m : {4, 6}) {
    constexpr int kIn = 18, kOut = 35;
    const Layer layer(kIn, kOut, m, pool);
    std::vector<float> rotated(layer.kernels.size());
    for (int o = 0; o < kOut; ++o) {
      for (int i = 0; i < kIn; ++i) {
        for (int k = 0; k < 9; ++k)
          rotated[(static_cast<size_t>(i) * kOut + o) * 9 + 8 - k] =
              layer.kernels[(static_cast<size_t>(o) * kIn + i) * 9 + k];
      }
    }
    const WinogradWeights other = TransformKernels(rotated, kIn, kOut, {}, m, pool);
    // U at [point][out block][in channel][16].
    const auto at = [](const WinogradWeights& w, int point, int out, int in) {
      return w.u
          .data()[w.matrix() * point +
                  (static_cast<size_t>(out / kBlock) * w.in_blocks * kBlock + in) * kBlock + out % kBlock];
    };
    std::set<int> seen;
    for (int point = 0; point < WinogradPoints(m); ++point) {
      const int from = RotatedPoint(m, point);
      seen.insert(from);
      EXPECT_EQ(RotatedPoint(m, from), point);
      for (int o = 0; o < kOut; ++o) {
        // But for the last bit: the sums are made in another order.
        for (int i = 0; i < kIn; ++i) ASSERT_FLOAT_EQ(at(other, point, i, o), at(layer.weights, from, o, i));
      }
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(WinogradPoints(m)));
    EXPECT_EQ(*seen.begin(), 0);
  }
}

TEST_P(WinogradTest, KernelsAreScaledByOutputChannel) {
  ThreadPool pool(1);
  std::vector<float> scale(32, 0.0f);
  for (int k = 0; k < 18; ++k) scale[k] = static_cast<float>(k - 4);
  const Layer layer(3, 18, 6, pool);
  std::vector<float> scaled = layer.kernels;
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= scale[i / 27];
  const WinogradWeights a = TransformKernels(layer.kernels, 18, 3, scale, 6, pool);
  const WinogradWeights b = TransformKernels(scaled, 18, 3, {}, 6, pool);
  EXPECT_LT(WorstError(std::vector<float>(a.u.data(), a.u.data() + a.u.size()),
                       std::vector<float>(b.u.data(), b.u.data() + b.u.size())),
            1e-6);
}

TEST_P(WinogradTest, EveryEpilogue) {
  ThreadPool one(1), two(2);
  for (const int m : {4, 6}) {
    for (const auto& [height, width] : {std::pair{m, m}, {2 * m + 1, 2 * m - 1}, {1, 2}}) {
      for (const int in : {5, 80}) {
        constexpr int kOut = 19;
        const Layer layer(in, kOut, m, two);
        const TensorShape in_shape{in, height, width}, shape{kOut, height, width};
        const std::vector<float> x = RandomFloats(in_shape.elements(), 2), bias = [&] {
          std::vector<float> filled = RandomFloats(kOut, 4);
          filled.resize(32, 0.0f);
          return filled;
        }();
        const std::vector<float> residual = RandomFloats(shape.elements(), 5);
        // What comes out without an epilogue, bit for bit; the rest is done to that.
        const std::vector<float> raw = Forward(layer, x, height, width, one);
        for (int wish = 0; wish < 32; ++wish) {
          const bool with_bias = (wish & 1) != 0, with_add = (wish & 2) != 0, in_place = (wish & 4) != 0;
          const bool relu = (wish & 8) != 0, keep = (wish & 16) != 0;
          if (in_place && !with_add) continue;
          SCOPED_TRACE(absl::StrCat(
              "F", m, " ", height, "x", width, " ", in, " channels, ", with_bias ? "bias " : "",
              with_add ? in_place ? "add in place " : "add " : "", relu ? "relu " : "", keep ? "keep" : ""));
          TestMap source(in_shape, x), add(shape, residual), own(shape, NAN);
          TestMap& result = in_place ? add : own;
          TestBits positive(shape), kept = TestBits::Random(shape, 6);
          Convolve(layer.weights, false, source.view(), result.view(),
                   {.bias = with_bias ? bias.data() : nullptr,
                    .add = with_add ? add.data().data() : nullptr,
                    .relu = relu,
                    .positive = relu ? positive.data() : nullptr,
                    .keep = keep ? kept.data() : nullptr,
                    .bits_stride = positive.stride()},
                   two);
          const std::vector<float> got = result.planar();
          for (size_t i = 0; i < got.size(); ++i) {
            float expected = raw[i];
            if (with_bias) expected += bias[i / shape.positions()];
            if (with_add) expected += residual[i];
            if (relu) {
              expected = std::max(expected, 0.0f);
              ASSERT_EQ(positive.at(i), expected > 0) << i;
            }
            if (keep && !kept.at(i)) expected = 0;
            ASSERT_EQ(got[i], expected) << i;
          }
        }
      }
    }
  }
}

// Two bits an element of a pooled map: [block][right, lower][position].
struct Choices {
  explicit Choices(TensorShape pooled)
      : positions(pooled.positions()), bits(2 * BlocksOf(pooled.channels) * positions, 0xcccc) {}
  // Element i of the planar pooled map: 0 to 3, reading order.
  int at(size_t i) const {
    const size_t channel = i / positions, at = channel / kBlock * 2 * positions + i % positions;
    const auto bit = [&](size_t j) { return bits[j] >> (channel % kBlock) & 1; };
    return bit(at) + 2 * bit(at + positions);
  }
  size_t positions;
  std::vector<uint16_t> bits;
};

class WinogradPoolTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(WinogradPoolTest);

void CheckPool(int m, int in, int out, int height, int width, bool keep_choice, float x_scale) {
  SCOPED_TRACE(absl::StrCat("F", m, " ", in, " to ", out, " channels, ", height, "x", width, " x ", x_scale));
  ThreadPool pool(2);
  const Layer layer(in, out, m, pool);
  const TensorShape in_shape{in, height, width}, shape{out, height, width},
      pooled{out, height / 2, width / 2};
  std::vector<float> x = RandomFloats(in_shape.elements(), 2);
  for (float& v : x) v *= x_scale;
  std::vector<float> bias = RandomFloats(static_cast<size_t>(BlocksOf(out)) * kBlock, 4);
  std::fill(bias.begin() + out, bias.end(), 0.0f);
  const std::vector<float> raw = Forward(layer, x, height, width, pool);

  TestMap source(in_shape, x), result(pooled, NAN);
  TestBits positive(pooled);
  Choices choices(pooled);
  const TileSource tile_source{.block = source.data().data(), .height = height, .width = width};
  TileSink sink{.block = result.data().data(),
                .height = height,
                .width = width,
                .epilogue = {.bias = bias.data(),
                             .relu = true,
                             .positive = keep_choice ? positive.data() : nullptr,
                             .bits_stride = positive.stride()},
                .pool = true};
  if (keep_choice) {
    sink.choice = choices.bits.data();
    sink.choice_stride = pooled.positions();
  }
  {
    Scratch scratch(WinogradScratch(layer.weights, /*backward=*/false, height, width, pool.threads()));
    RunWinograd({.weights = &layer.weights,
                 .height = height,
                 .width = width,
                 .source = tile_source,
                 .source_stride = source.view().stride(),
                 .sink = sink,
                 .sink_stride = result.view().stride(),
                 .sink_choice_stride = 2 * pooled.positions()},
                pool, scratch.data());
  }
  const std::vector<float> got = result.planar();
  ASSERT_THAT(result.filling(), Each(0.0f));
  // The gradient at the pooled map, taken back to the map: what the backward pass unpools.
  const std::vector<float> g = RandomFloats(pooled.elements(), 7);
  std::vector<float> unpooled(shape.elements(), 0.0f);
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t c = i / pooled.positions(), y = i % pooled.positions() / pooled.width, px = i % pooled.width;
    int best = 0;
    const auto value = [&](int k) { return raw[(c * height + 2 * y + k / 2) * width + 2 * px + k % 2]; };
    for (int k = 1; k < 4; ++k) best = value(k) > value(best) ? k : best;
    const float expected = std::max(value(best) + bias[c], 0.0f);
    ASSERT_EQ(got[i], expected) << i;
    unpooled[(c * height + 2 * y + best / 2) * width + 2 * px + best % 2] = g[i];
    if (!keep_choice) continue;
    ASSERT_EQ(positive.at(i), expected > 0) << i;
    ASSERT_EQ(choices.at(i), best) << i;
  }
  if (!keep_choice) return;
  const std::vector<float> gradient = Backward(layer, unpooled, height, width, pool);
  TestMap from(pooled, g), to(in_shape, NAN);
  Scratch scratch(WinogradScratch(layer.weights, /*backward=*/true, height, width, pool.threads()));
  RunWinograd({.weights = &layer.weights,
               .backward = true,
               .height = height,
               .width = width,
               .source = {.block = from.data().data(),
                          .height = height,
                          .width = width,
                          .choice = choices.bits.data(),
                          .choice_stride = pooled.positions()},
               .source_stride = from.view().stride(),
               .source_choice_stride = 2 * pooled.positions(),
               .sink = {.block = to.data().data(), .height = height, .width = width},
               .sink_stride = to.view().stride()},
              pool, scratch.data());
  EXPECT_EQ(to.planar(), gradient);
  EXPECT_THAT(to.filling(), Each(0.0f));
}

TEST_P(WinogradPoolTest, FusedIsTheSameAsApart) {
  for (const int m : {4, 6}) {
    for (int height = 2; height <= 2 * m + 2; ++height) {
      for (const int width : {2, 3, m - 1, m, m + 1, 2 * m, 2 * m + 1, 2 * m + 3})
        ASSERT_NO_FATAL_FAILURE(CheckPool(m, 3, 17, height, width, true, 1));
    }
    ASSERT_NO_FATAL_FAILURE(CheckPool(m, 40, 90, 2 * m - 1, 13, true, 1));
    ASSERT_NO_FATAL_FAILURE(CheckPool(m, 3, 17, 121, 99, true, 1));
    ASSERT_NO_FATAL_FAILURE(CheckPool(m, 3, 17, 13, 14, false, 1));
  }
}

TEST_P(WinogradPoolTest, WindowsOfEqualNumbers) {
  // A map of zeros: all four are equal, and the first is chosen.
  for (const int m : {4, 6}) ASSERT_NO_FATAL_FAILURE(CheckPool(m, 3, 17, 13, 15, true, 0));
}

}  // namespace
}  // namespace impasto::engine::cpu
