#include "engine/executors/cpu/gram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;

class GramTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(GramTest);

std::vector<float> GramOf(TestMap& map, ThreadPool& pool) {
  Scratch scratch(GramScratch(map.shape()));
  std::vector<float> gram = {1, 2, 3};  // of a size that isn't the result's
  Gram(map.view(), &gram, pool, scratch.data());
  return gram;
}

std::vector<double> ReferenceGram(const std::vector<float>& x, const TensorShape& shape) {
  const size_t n = shape.channels, m = shape.positions();
  std::vector<double> gram(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (size_t p = 0; p < m; ++p) sum += static_cast<double>(x[i * m + p]) * x[j * m + p];
      gram[i * n + j] = sum / static_cast<double>(m);
    }
  }
  return gram;
}

TEST_P(GramTest, IsFTimesItsTransposeOverThePositions) {
  ThreadPool one(1), three(3);
  for (const int channels : {1, 2, 15, 16, 17, 31, 33, 64, 100}) {
    for (const auto& [height, width] : {std::pair{1, 1}, {1, 2}, {1, 3}, {7, 9}, {8, 8}, {5, 13}, {41, 53}}) {
      SCOPED_TRACE(absl::StrCat(channels, "x", height, "x", width));
      const TensorShape shape{channels, height, width};
      const std::vector<float> x = RandomFloats(shape.elements(), 1);
      TestMap map(shape, x);
      const std::vector<float> gram = GramOf(map, three);
      EXPECT_LT(WorstError(gram, ReferenceGram(x, shape)), 1e-6);
      const size_t n = channels;
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < i; ++j) ASSERT_EQ(gram[i * n + j], gram[j * n + i]) << i << ", " << j;
      }
      EXPECT_EQ(GramOf(map, one), gram);
      EXPECT_EQ(map.planar(), x);
    }
  }
}

TEST_P(GramTest, OfWholeNumbersIsExact) {
  ThreadPool pool(2);
  const TensorShape shape{40, 64, 32};  // a power of two of positions
  const std::vector<float> x = RandomIntegers(shape.elements(), 1);
  TestMap map(shape, x);
  const std::vector<double> expected = ReferenceGram(x, shape);
  EXPECT_EQ(GramOf(map, pool), std::vector<float>(expected.begin(), expected.end()));
}

TEST_P(GramTest, OfALargeMapLosesNothing) {
  // All numbers of one sign add up: a sum in one float would be off by 1e-4.
  ThreadPool pool(2);
  const TensorShape shape{20, 512, 512};
  std::vector<float> x = RandomFloats(shape.elements(), 1);
  for (float& v : x) v = std::abs(v) + 1;
  TestMap map(shape, x);
  EXPECT_LT(WorstError(GramOf(map, pool), ReferenceGram(x, shape)), 2e-6);
}

TEST_P(GramTest, OfTheDeepestLayers) {
  // More channels than positions, as at small sizes.
  ThreadPool pool(2);
  const TensorShape shape{521, 3, 4};
  const std::vector<float> x = RandomFloats(shape.elements(), 1);
  TestMap map(shape, x);
  EXPECT_LT(WorstError(GramOf(map, pool), ReferenceGram(x, shape)), 1e-6);
}

class TapGradientTest : public TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(TapGradientTest);

TEST_P(TapGradientTest, EveryCombination) {
  ThreadPool one(1), three(3);
  for (const TensorShape& shape : {TensorShape{1, 1, 1}, {5, 3, 7}, {16, 4, 6}, {17, 9, 11}, {50, 13, 15}}) {
    const size_t n = shape.channels, m = shape.positions();
    const std::vector<float> f = RandomIntegers(shape.elements(), 1);
    std::vector<float> d[2] = {RandomIntegers(n * n, 2), RandomIntegers(n * n, 3)};
    for (std::vector<float>& matrix : d) {
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < i; ++j) matrix[i * n + j] = matrix[j * n + i];
      }
    }
    const std::vector<float> p[2] = {RandomIntegers(shape.elements(), 4),
                                     RandomIntegers(shape.elements(), 5)};
    TestMap targets[2] = {{shape, p[0]}, {shape, p[1]}};
    // How many there are of matrices, of targets, of added gradients, and the factor of F alone.
    for (int matrices = 0; matrices <= 2; ++matrices) {
      for (const double scale : {0.0, -2.0}) {
        for (int minus = 0; minus <= 2; ++minus) {
          for (int plus = 0; plus <= 2; ++plus) {
            SCOPED_TRACE(absl::StrCat(n, " channels, ", m, " positions, ", matrices, " D, s ", scale, ", ",
                                      minus, " minus, ", plus, " plus"));
            for (ThreadPool* pool : {&one, &three}) {
              TapGradient gradient;
              EXPECT_TRUE(gradient.empty());
              std::vector<double> expected(f.size());
              for (int k = 0; k < matrices; ++k) {
                AddMatrix(d[k], shape.channels, &gradient, *pool);
                for (size_t i = 0; i < f.size(); ++i) {
                  for (size_t c = 0; c < n; ++c) expected[i] += d[k][i / m * n + c] * f[c * m + i % m];
                }
              }
              gradient.scale = scale;
              for (int k = 0; k < minus; ++k)
                gradient.minus.push_back({targets[k].data().data(), k == 0 ? 3.0 : -2.0});
              for (int k = 0; k < plus; ++k) {
                gradient.plus.emplace_back(BlockedFloats(shape));
                std::copy(targets[k].data().begin(), targets[k].data().end(), gradient.plus.back().data());
              }
              for (size_t i = 0; i < f.size(); ++i) {
                expected[i] += scale * f[i];
                if (minus > 0) expected[i] -= 3 * p[0][i];
                if (minus > 1) expected[i] += 2 * p[1][i];
                for (int k = 0; k < plus; ++k) expected[i] += p[k][i];
              }
              EXPECT_EQ(gradient.empty(), matrices + minus + plus == 0 && scale == 0);
              TestMap map(shape, f);
              Scratch scratch(TapGradientScratch(shape, kStrip, pool->threads()));
              ReplaceByGradient(map.view(), &gradient, *pool, scratch.data());
              const std::vector<float> got = map.planar();
              for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], expected[i]) << i;
              ASSERT_THAT(map.filling(), Each(0.0f));
              ASSERT_TRUE(gradient.empty());
            }
          }
        }
      }
    }
  }
}

TEST_P(TapGradientTest, ReadsItsMapStripByStrip) {
  // A map that isn't there, but made when it is asked for, in strips that may end anywhere.
  for (const int strip : {1, 5, 11, 96, 200}) {
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(absl::StrCat("strip ", strip, ", threads ", threads));
      ThreadPool pool(threads);
      const TensorShape shape{18, 9, 11};
      const size_t n = 18, m = shape.positions();
      const std::vector<float> f = RandomIntegers(shape.elements(), 1), d = [] {
        std::vector<float> matrix = RandomIntegers(18 * 18, 2);
        for (size_t i = 0; i < 18; ++i) {
          for (size_t j = 0; j < i; ++j) matrix[i * 18 + j] = matrix[j * 18 + i];
        }
        return matrix;
      }();
      TestMap source(shape, f), minus(shape, RandomIntegers(shape.elements(), 3)), map(shape, NAN);
      TapGradient gradient;
      AddMatrix(d, 18, &gradient, pool);
      gradient.scale = 3;
      gradient.minus.push_back({minus.data().data(), 2.0});
      const auto read = [&](int first, int rows, int thread, float* to) {
        EXPECT_LT(thread, threads);
        for (int block = 0; block < 2; ++block) {
          const float* from = source.data().data() + (block * m + first) * kBlock;
          to = std::copy(from, from + static_cast<size_t>(rows) * kBlock, to);
        }
      };
      Scratch scratch(TapGradientScratch(shape, strip, threads));
      ReplaceByGradient(map.view(), strip, read, &gradient, pool, scratch.data());
      const std::vector<float> got = map.planar(), p = minus.planar();
      for (size_t i = 0; i < got.size(); ++i) {
        double expected = 3 * f[i] - 2 * p[i];
        for (size_t c = 0; c < n; ++c) expected += d[i / m * n + c] * f[c * m + i % m];
        ASSERT_EQ(got[i], expected) << i;
      }
      ASSERT_THAT(map.filling(), Each(0.0f));
    }
  }
}

TEST_P(TapGradientTest, IsUsedAgain) {
  // What one step left behind isn't in the next one.
  ThreadPool pool(2);
  const TensorShape shape{17, 2, 3};
  const std::vector<float> f = RandomIntegers(shape.elements(), 1);
  std::vector<float> identity(17 * 17, 0.0f);
  for (size_t i = 0; i < 17; ++i) identity[i * 17 + i] = 1;
  TapGradient gradient;
  Scratch scratch(TapGradientScratch(shape, kStrip, pool.threads()));
  for (int step = 0; step < 3; ++step) {
    TestMap map(shape, f);
    AddMatrix(identity, 17, &gradient, pool);
    gradient.scale = 2;
    ReplaceByGradient(map.view(), &gradient, pool, scratch.data());
    const std::vector<float> got = map.planar();
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], 3 * f[i]);
  }
  TestMap map(shape, f);
  gradient.scale = 5;  // without a matrix
  ReplaceByGradient(map.view(), &gradient, pool, scratch.data());
  const std::vector<float> got = map.planar();
  for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], 5 * f[i]);
}

TEST_P(TapGradientTest, WithoutAnythingItIsZeroEvenWhereTheMapIsNotFinite) {
  ThreadPool pool(2);
  const TensorShape shape{3, 2, 3};
  TestMap map(shape, std::vector<float>(shape.elements(), INFINITY));
  TapGradient gradient;
  gradient.plus.emplace_back(BlockedFloats(shape));
  Scratch scratch(TapGradientScratch(shape, kStrip, pool.threads()));
  ReplaceByGradient(map.view(), &gradient, pool, scratch.data());
  EXPECT_THAT(map.planar(), Each(0.0f));
}

}  // namespace
}  // namespace impasto::engine::cpu
