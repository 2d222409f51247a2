#include "engine/executors/cpu/convolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/reference_convolution.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class ConvolutionTest : public TargetTest {
 protected:
  ThreadPool pool_{2};
};
IMPASTO_INSTANTIATE_FOR_TARGETS(ConvolutionTest);

const Step kPointwiseStep{.kind = StepKind::kPointwise, .in = 1};

TEST_P(ConvolutionTest, PointwiseForwardAndBackward) {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 7}, {5, 19}, {8, 12}, {1, 97}, {13, 15}}) {
    for (const auto& [in_channels, out_channels] :
         {std::pair{1, 1}, {3, 20}, {15, 16}, {16, 17}, {33, 64}, {17, 150}, {140, 15}}) {
      SCOPED_TRACE(absl::StrCat(in_channels, " to ", out_channels, " channels, ", height, "x", width));
      const ReferenceConvolution reference{in_channels, out_channels, 1, 1, 0};
      const TensorShape in{in_channels, height, width}, out{out_channels, height, width};
      const std::vector<float> kernels = RandomIntegers(static_cast<size_t>(in_channels) * out_channels, 1);
      const std::vector<float> bias = RandomIntegers(out_channels, 2);
      const ConvolutionWeights weights =
          PrepareConvolution(kPointwiseStep, reference.Layer(kernels, bias), nullptr, 0, pool_);
      ASSERT_TRUE(weights.complete());
      const std::vector<float> x = RandomIntegers(in.elements(), 3), y = RandomIntegers(out.elements(), 4);
      const std::vector<double> product = reference.Forward(kernels, x, in);
      for (const bool all : {false, true}) {
        TestMap source(in, x), result(out, -1), residual(out, y);
        TestBits positive(out);
        Epilogue epilogue{.bias = weights.bias.data(), .bits_stride = positive.stride()};
        if (all) {
          epilogue.add = residual.data().data();
          epilogue.relu = true;
          epilogue.positive = positive.data();
        }
        Pointwise(source.view(), weights.forward.data(), result.view(), epilogue, pool_);
        const std::vector<float> got = result.planar();
        for (size_t i = 0; i < got.size(); ++i) {
          double expected = product[i] + bias[i / out.positions()];
          if (all) {
            expected = std::max(expected + y[i], 0.0);
            ASSERT_EQ(positive.at(i), expected > 0) << i;
          }
          ASSERT_EQ(got[i], expected) << i;
        }
        ASSERT_THAT(result.filling(), Each(0.0f));
      }
      const std::vector<double> gradient = reference.Backward(kernels, y, in);
      for (const bool add : {false, true}) {
        for (const bool keep : {false, true}) {
          TestMap from(out, y), to(in, x);
          TestBits bits = TestBits::Random(in, 5);
          Pointwise(from.view(), weights.backward.data(), to.view(),
                    {.add = add ? to.data().data() : nullptr,
                     .keep = keep ? bits.data() : nullptr,
                     .bits_stride = bits.stride()},
                    pool_);
          const std::vector<float> got = to.planar();
          for (size_t i = 0; i < got.size(); ++i)
            ASSERT_EQ(got[i], keep && !bits.at(i) ? 0 : gradient[i] + (add ? x[i] : 0)) << i;
          ASSERT_THAT(to.filling(), Each(0.0f));
        }
      }
    }
  }
}

LayerWeights BatchNorm(int channels) {
  LayerWeights norm;
  for (int c = 0; c < channels; ++c) {
    // Variance + epsilon is a square of a power of two: everything stays exact.
    norm.gamma.push_back(static_cast<float>(c % 5 - 2));
    norm.beta.push_back(static_cast<float>(c % 7 - 3));
    norm.mean.push_back(static_cast<float>(c % 3 - 1));
    norm.variance.push_back(c % 2 == 0 ? 3.75f : 0.0f);
  }
  return norm;
}
constexpr double kEpsilon = 0.25;

TEST_P(ConvolutionTest, BatchNormCoefficients) {
  const ScaleAndShift norm = BatchNormCoefficients(BatchNorm(18), kEpsilon);
  ASSERT_EQ(norm.scale.size(), 32u);
  ASSERT_EQ(norm.shift.size(), 32u);
  for (int c = 0; c < 32; ++c) {
    const float scale = c < 18 ? static_cast<float>(c % 5 - 2) / (c % 2 == 0 ? 2.0f : 0.5f) : 0.0f;
    EXPECT_EQ(norm.scale[c], scale) << c;
    EXPECT_EQ(norm.shift[c],
              c < 18 ? static_cast<float>(c % 7 - 3) - static_cast<float>(c % 3 - 1) * scale : 0)
        << c;
  }
}

TEST_P(ConvolutionTest, ABatchNormIsFoldedIntoEveryKind) {
  constexpr int kIn = 5, kOut = 18;
  const LayerWeights norm = BatchNorm(kOut);
  const ScaleAndShift coefficients = BatchNormCoefficients(norm, kEpsilon);
  for (const StepKind kind : {StepKind::kPointwise, StepKind::kWindows, StepKind::kWinograd}) {
    const int kernel = kind == StepKind::kPointwise ? 1 : 3;
    SCOPED_TRACE(absl::StrCat("kernel ", kernel));
    const ReferenceConvolution reference{kIn, kOut, kernel, 1, kernel / 2};
    const Step step{.kind = kind, .in = 1, .kernel = kernel, .padding = kernel / 2};
    const std::vector<float> kernels = RandomIntegers(static_cast<size_t>(kIn) * kOut * kernel * kernel, 1);
    const std::vector<float> bias = RandomIntegers(kOut, 2);
    const ConvolutionWeights folded =
        PrepareConvolution(step, reference.Layer(kernels, bias), &norm, kEpsilon, pool_);
    // The same numbers scaled by hand.
    std::vector<float> scaled = kernels, shifted = bias;
    for (size_t i = 0; i < scaled.size(); ++i)
      scaled[i] *= coefficients.scale[i / (static_cast<size_t>(kIn) * kernel * kernel)];
    for (int k = 0; k < kOut; ++k) shifted[k] = shifted[k] * coefficients.scale[k] + coefficients.shift[k];
    const ConvolutionWeights expected =
        PrepareConvolution(step, reference.Layer(scaled, shifted), nullptr, 0, pool_);
    EXPECT_EQ(folded.bias, expected.bias);
    ASSERT_TRUE(folded.complete());
    const auto same = [](const Buffer& a, const Buffer& b) {
      return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
    };
    EXPECT_TRUE(same(folded.forward, expected.forward));
    EXPECT_TRUE(same(folded.backward, expected.backward));
    EXPECT_TRUE(same(folded.winograd.u, expected.winograd.u));
    EXPECT_EQ(folded.bytes(), sizeof(float) * (folded.forward.size() + folded.backward.size() +
                                               folded.winograd.u.size() + folded.bias.size()));
    EXPECT_EQ(DescribeConvolution(step, kIn, kOut).bytes(), folded.bytes());
  }
}

TEST_P(ConvolutionTest, TheBiasIsFilledUpWithZeros) {
  const ReferenceConvolution reference{2, 3, 1, 1, 0};
  const ConvolutionWeights weights = PrepareConvolution(
      kPointwiseStep, reference.Layer(std::vector<float>(6, 1.0f), {1, 2, 3}), nullptr, 0, pool_);
  EXPECT_THAT(weights.bias, ElementsAre(1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST(WinogradTileTest, OnlyTilesThatThereAre) {
  for (const int in : {1, 64, 128, 256, 512}) {
    for (const int out : {1, 64, 128, 256, 512}) EXPECT_THAT(WinogradTile(in, out), ::testing::AnyOf(4, 6));
  }
}

}  // namespace
}  // namespace impasto::engine::cpu
