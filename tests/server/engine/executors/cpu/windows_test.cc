#include "engine/executors/cpu/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/reference_convolution.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;

class WindowsTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(WindowsTest);

struct Case {
  bool planar;
  ReferenceConvolution c;
  int height, width;
  int threads;
};

std::string Describe(const Case& c) {
  return absl::StrCat(c.planar ? "planar " : "blocked ", c.c.in, " to ", c.c.out, " channels, kernel ",
                      c.c.kernel, " stride ", c.c.stride, " padding ", c.c.padding, ", ", c.height, "x",
                      c.width, ", threads ", c.threads);
}

// Whole numbers, so that both directions are exact.
void Check(const Case& c) {
  SCOPED_TRACE(Describe(c));
  ThreadPool pool(c.threads);
  const TensorShape in{c.c.in, c.height, c.width}, out = c.c.OutShape(in);
  const Step step{.kind = StepKind::kWindows,
                  .in = c.planar ? 0 : 1,
                  .kernel = c.c.kernel,
                  .stride = c.c.stride,
                  .padding = c.c.padding};
  const std::vector<float> kernels =
      RandomIntegers(static_cast<size_t>(c.c.out) * c.c.in * c.c.kernel * c.c.kernel, 1);
  const std::vector<float> bias = RandomIntegers(c.c.out, 2, 9);
  const ConvolutionWeights weights = PrepareConvolution(step, c.c.Layer(kernels, bias), nullptr, 0, pool);
  ASSERT_TRUE(weights.complete());
  ASSERT_EQ(weights.planar, c.planar);
  const std::vector<float> x = RandomIntegers(in.elements(), 3), residual = RandomIntegers(out.elements(), 4);
  const std::vector<double> product = c.c.Forward(kernels, x, in);
  Scratch scratch(WindowsScratch(step, weights, in, out, pool.threads()));

  for (const bool all : {false, true}) {
    TestMap source = c.planar ? TestMap(in) : TestMap(in, x), result(out, -1), add(out, residual);
    TestBits positive(out);
    Epilogue epilogue{.bias = weights.bias.data(), .bits_stride = positive.stride()};
    if (all) {
      epilogue.add = add.data().data();
      epilogue.relu = true;
      epilogue.positive = positive.data();
    }
    Windows(step, weights, c.planar ? x.data() : nullptr, source.view(), result.view(), epilogue, pool,
            scratch.data());
    const std::vector<float> got = result.planar();
    for (size_t i = 0; i < got.size(); ++i) {
      double expected = product[i] + bias[i / out.positions()];
      if (all) {
        expected = std::max(expected + residual[i], 0.0);
        ASSERT_EQ(positive.at(i), expected > 0) << i;
      }
      ASSERT_EQ(got[i], expected) << "element " << i;
    }
    ASSERT_THAT(result.filling(), Each(0.0f));
  }

  const std::vector<float> g = RandomIntegers(out.elements(), 5);
  const std::vector<double> gradient = c.c.Backward(kernels, g, in);
  const std::vector<float> before = RandomIntegers(in.elements(), 6);
  TestMap from(out, g);
  if (c.planar) {
    std::vector<float> picture = before;
    WindowsGradient(step, weights, from.view(), picture.data(), {nullptr, in}, {}, pool, scratch.data());
    for (size_t i = 0; i < picture.size(); ++i) ASSERT_EQ(picture[i], gradient[i] + before[i]) << i;
    return;
  }
  for (const bool add : {false, true}) {
    for (const bool keep : {false, true}) {
      SCOPED_TRACE(absl::StrCat(add ? "added " : "", keep ? "masked" : ""));
      // What is added to is the map itself; without adding, what was there doesn't matter.
      TestMap to = add ? TestMap(in, before) : TestMap(in, NAN);
      TestBits bits = TestBits::Random(in, 8);
      WindowsGradient(step, weights, from.view(), nullptr, to.view(),
                      {.add = add ? to.data().data() : nullptr,
                       .keep = keep ? bits.data() : nullptr,
                       .bits_stride = bits.stride()},
                      pool, scratch.data());
      const std::vector<float> got = to.planar();
      for (size_t i = 0; i < got.size(); ++i) {
        const double expected = keep && !bits.at(i) ? 0 : gradient[i] + (add ? before[i] : 0);
        ASSERT_EQ(got[i], expected) << "element " << i;
      }
      ASSERT_THAT(to.filling(), Each(0.0f));
    }
  }
}

TEST_P(WindowsTest, EveryKernelStrideAndPadding) {
  for (const bool planar : {true, false}) {
    for (int kernel = 1; kernel <= 7; ++kernel) {
      for (int stride = 1; stride <= 3; ++stride) {
        for (int padding = 0; padding <= 3; ++padding) {
          ASSERT_NO_FATAL_FAILURE(Check({planar, {planar ? 3 : 5, 4, kernel, stride, padding}, 9, 13, 2}));
        }
      }
    }
  }
}

TEST_P(WindowsTest, Channels) {
  for (const int out : {1, 15, 16, 17, 33, 64}) {
    ASSERT_NO_FATAL_FAILURE(Check({true, {3, out, 3, 1, 1}, 8, 11, 2}));
    for (const int in : {1, 15, 16, 17, 33})
      ASSERT_NO_FATAL_FAILURE(Check({false, {in, out, 3, 2, 1}, 8, 11, 2}));
  }
}

TEST_P(WindowsTest, Sizes) {
  // One column, one row; around the 16 columns that are turned at a time, the strips of 96 and the bands of
  // rows that tasks take.
  for (const auto& [height, width] : {std::pair{1, 1},
                                      {1, 40},
                                      {40, 1},
                                      {7, 15},
                                      {7, 16},
                                      {7, 17},
                                      {6, 31},
                                      {6, 32},
                                      {6, 33},
                                      {3, 96},
                                      {3, 97},
                                      {12, 16},
                                      {63, 5},
                                      {64, 5},
                                      {65, 5},
                                      {97, 3}}) {
    ASSERT_NO_FATAL_FAILURE(Check({true, {3, 17, 3, 1, 1}, height, width, 3}));
    ASSERT_NO_FATAL_FAILURE(Check({false, {4, 17, 3, 2, 1}, height, width, 3}));
    ASSERT_NO_FATAL_FAILURE(Check({true, {3, 4, 7, 2, 3}, height, width, 1}));
    ASSERT_NO_FATAL_FAILURE(Check({false, {4, 4, 5, 1, 2}, height, width, 1}));
    ASSERT_NO_FATAL_FAILURE(Check({false, {17, 4, 1, 2, 0}, height, width, 2}));
  }
}

}  // namespace
}  // namespace impasto::engine::cpu
