#include "engine/executors/cpu/maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Each;

class MapsTest : public TargetTest {
 protected:
  ThreadPool pool_{3};
};
IMPASTO_INSTANTIATE_FOR_TARGETS(MapsTest);

const TensorShape kShapes[] = {{1, 1, 1}, {3, 5, 7}, {15, 4, 9}, {16, 8, 8}, {17, 9, 13}, {40, 70, 59}};

// What an epilogue of a gradient does: added to what is there, and zeros where a bit isn't set.
struct GradientWishes {
  bool add, keep;
};
constexpr GradientWishes kGradientWishes[] = {{false, false}, {false, true}, {true, false}, {true, true}};

// Calls run(view, epilogue) for a map that holds `before` (NaN where nothing is added), and holds the result
// against `expected` with the epilogue done to it.
template <typename F>
void CheckGradient(const TensorShape& shape, const std::vector<double>& expected, F run) {
  const std::vector<float> before = RandomIntegers(shape.elements(), 91);
  for (const GradientWishes& wishes : kGradientWishes) {
    SCOPED_TRACE(absl::StrCat(wishes.add ? "added " : "", wishes.keep ? "masked" : ""));
    TestMap to = wishes.add ? TestMap(shape, before) : TestMap(shape, NAN);
    TestBits bits = TestBits::Random(shape, 92);
    run(to.view(), Epilogue{.add = wishes.add ? to.data().data() : nullptr,
                            .keep = wishes.keep ? bits.data() : nullptr,
                            .bits_stride = bits.stride()});
    const std::vector<float> got = to.planar();
    for (size_t i = 0; i < got.size(); ++i) {
      const double sum = expected[i] + (wishes.add ? before[i] : 0);
      ASSERT_EQ(got[i], wishes.keep && !bits.at(i) ? 0 : sum) << i;
    }
    ASSERT_THAT(to.filling(), Each(0.0f));
  }
}

TEST_P(MapsTest, ToBlockedAndBack) {
  for (const TensorShape& shape : kShapes) {
    const std::vector<float> planar = RandomFloats(shape.elements(), 1);
    TestMap map(shape, -1);
    ToBlocked(planar.data(), map.view(), pool_);
    EXPECT_EQ(map.planar(), planar);
    EXPECT_THAT(map.filling(), Each(0.0f));
    std::vector<float> back(planar.size(), NAN);
    FromBlocked(map.view(), back.data(), /*add=*/false, pool_);
    EXPECT_EQ(back, planar);
    FromBlocked(map.view(), back.data(), /*add=*/true, pool_);
    for (size_t i = 0; i < back.size(); ++i) ASSERT_EQ(back[i], 2 * planar[i]);
  }
}

TEST_P(MapsTest, ViewsCountBlocks) {
  EXPECT_EQ(BlockedFloats({17, 3, 5}), 2u * 15 * 16);
  EXPECT_EQ(BlockedFloats({16, 3, 5}), 15u * 16);
  const MapView view{nullptr, {33, 2, 4}};
  EXPECT_EQ(view.blocks(), 3);
  EXPECT_EQ(view.stride(), 128u);
}

TEST_P(MapsTest, EpilogueAtABlockAndARow) {
  static float numbers[4000];
  static uint16_t bits[300];
  const Epilogue all{
      .bias = numbers, .add = numbers, .relu = true, .positive = bits, .keep = bits, .bits_stride = 100};
  const Epilogue at = EpilogueAt(all, 2, 1600, 7);
  EXPECT_EQ(at.bias, numbers + 32);
  EXPECT_EQ(at.add, numbers + 3200 + 112);
  EXPECT_EQ(at.positive, bits + 207);
  EXPECT_EQ(at.keep, bits + 207);
  EXPECT_TRUE(at.relu);
  const Epilogue none = EpilogueAt({}, 2, 1600, 7);
  EXPECT_EQ(none.bias, nullptr);
  EXPECT_EQ(none.add, nullptr);
  EXPECT_EQ(none.positive, nullptr);
  EXPECT_EQ(none.keep, nullptr);
}

TEST_P(MapsTest, CopyScalesAndAdds) {
  for (const TensorShape& shape : kShapes) {
    const std::vector<float> x = RandomIntegers(shape.elements(), 1);
    TestMap in(shape, x);
    CheckGradient(shape, std::vector<double>(x.begin(), x.end()), [&](MapView out, const Epilogue& epilogue) {
      Copy(in.data().data(), 1, out, epilogue, pool_);
    });
    std::vector<double> scaled(x.begin(), x.end());
    for (double& v : scaled) v *= -3;
    CheckGradient(shape, scaled, [&](MapView out, const Epilogue& epilogue) {
      Copy(in.data().data(), -3, out, epilogue, pool_);
    });
    CheckGradient(shape, std::vector<double>(x.size()),
                  [&](MapView out, const Epilogue& epilogue) { Copy(nullptr, 5, out, epilogue, pool_); });
    // A ReLU, in place, and its bits.
    TestBits positive(shape);
    Copy(in.data().data(), 1, in.view(),
         {.relu = true, .positive = positive.data(), .bits_stride = positive.stride()}, pool_);
    const std::vector<float> got = in.planar();
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i], std::max(x[i], 0.0f));
      ASSERT_EQ(positive.at(i), x[i] > 0);
    }
  }
}

TEST_P(MapsTest, ScaleShiftIsByChannel) {
  for (const TensorShape& shape : kShapes) {
    const size_t filled = static_cast<size_t>(BlocksOf(shape.channels)) * kBlock;
    std::vector<float> scale = RandomIntegers(filled, 1), shift = RandomIntegers(filled, 2);
    std::fill(shift.begin() + shape.channels, shift.end(), 0.0f);
    const std::vector<float> x = RandomIntegers(shape.elements(), 3);
    TestMap in(shape, x);
    for (const bool shifted : {false, true}) {
      std::vector<double> expected(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t c = i / shape.positions();
        expected[i] = x[i] * scale[c] + (shifted ? shift[c] : 0);
      }
      CheckGradient(shape, expected, [&](MapView out, const Epilogue& epilogue) {
        ScaleShift(in.view(), scale.data(), shifted ? shift.data() : nullptr, out, epilogue, pool_);
      });
    }
  }
}

TEST_P(MapsTest, PadAndCrop) {
  for (const TensorShape& shape : kShapes) {
    for (int padding = 0; padding <= 3; ++padding) {
      SCOPED_TRACE(absl::StrCat(shape.height, "x", shape.width, " padding ", padding));
      const TensorShape padded{shape.channels, shape.height + 2 * padding, shape.width + 2 * padding};
      const std::vector<float> x = RandomIntegers(shape.elements(), 1);
      std::vector<double> expected(padded.elements());
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t c = i / shape.positions(), y = i % shape.positions() / shape.width, w = i % shape.width;
        expected[(c * padded.height + y + padding) * padded.width + w + padding] = x[i];
      }
      TestMap in(shape, x);
      CheckGradient(padded, expected, [&](MapView out, const Epilogue& epilogue) {
        Pad(in.view(), padding, out, epilogue, pool_);
      });
      // The middle of a map that isn't zero at its sides.
      const std::vector<float> whole = RandomIntegers(padded.elements(), 2);
      std::vector<double> middle(shape.elements());
      for (size_t i = 0; i < middle.size(); ++i) {
        const size_t c = i / shape.positions(), y = i % shape.positions() / shape.width, w = i % shape.width;
        middle[i] = whole[(c * padded.height + y + padding) * padded.width + w + padding];
      }
      TestMap from(padded, whole);
      CheckGradient(shape, middle, [&](MapView to, const Epilogue& epilogue) {
        Crop(from.view(), padding, to, epilogue, pool_);
      });
    }
  }
}

struct Pool {
  int kernel, stride, padding, height, width;
};
const Pool kPools[] = {{2, 2, 0, 2, 2},  {2, 2, 0, 8, 8}, {2, 2, 0, 9, 13},  {2, 2, 0, 3, 2},
                       {3, 2, 1, 9, 12}, {3, 2, 1, 1, 1}, {3, 2, 0, 11, 10}, {3, 3, 1, 8, 11},
                       {3, 1, 1, 5, 17}, {1, 1, 0, 4, 4}, {2, 2, 0, 70, 51}};

struct PoolReference {
  PoolReference(const Pool& pool, int channels)
      : pool(pool),
        in{channels, pool.height, pool.width},
        out{channels, (pool.height + 2 * pool.padding - pool.kernel) / pool.stride + 1,
            (pool.width + 2 * pool.padding - pool.kernel) / pool.stride + 1} {}
  // The element of the input at place k of output i's window; -1: a zero outside.
  int64_t At(size_t i, int k) const {
    const int c = static_cast<int>(i / out.positions()),
              y = static_cast<int>(i % out.positions()) / out.width;
    const int from_y = y * pool.stride + k / pool.kernel - pool.padding;
    const int from_x = static_cast<int>(i % out.width) * pool.stride + k % pool.kernel - pool.padding;
    if (from_y < 0 || from_y >= in.height || from_x < 0 || from_x >= in.width) return -1;
    return (static_cast<int64_t>(c) * in.height + from_y) * in.width + from_x;
  }
  Pool pool;
  TensorShape in, out;
};

TEST_P(MapsTest, MaxPoolAndItsGradient) {
  for (const Pool& pool : kPools) {
    for (const int channels : {1, 17}) {
      SCOPED_TRACE(absl::StrCat("kernel ", pool.kernel, " stride ", pool.stride, " padding ", pool.padding,
                                ", ", channels, "x", pool.height, "x", pool.width));
      const PoolReference reference(pool, channels);
      // Few values, so that there are ties, also with the zeros outside.
      const std::vector<float> x = RandomIntegers(reference.in.elements(), 1, 2);
      const std::vector<float> g = RandomIntegers(reference.out.elements(), 2);
      std::vector<double> gradient(x.size());
      TestMap in(reference.in, x), out(reference.out, NAN), from(reference.out, g),
          without(reference.out, NAN);
      std::vector<uint8_t> choice(out.view().floats());
      MaxPool(in.view(), pool.kernel, pool.stride, pool.padding, out.view(), choice.data(), pool_);
      MaxPool(in.view(), pool.kernel, pool.stride, pool.padding, without.view(), nullptr, pool_);
      const std::vector<float> got = out.planar();
      EXPECT_EQ(without.planar(), got);
      EXPECT_THAT(out.filling(), Each(0.0f));
      for (size_t i = 0; i < got.size(); ++i) {
        int64_t best = reference.At(i, 0);
        int place = 0;
        const auto value = [&](int64_t at) { return at < 0 ? 0.0f : x[at]; };
        for (int k = 1; k < pool.kernel * pool.kernel; ++k) {
          if (value(reference.At(i, k)) > value(best)) {
            best = reference.At(i, k);
            place = k;
          }
        }
        ASSERT_EQ(got[i], value(best)) << i;
        ASSERT_EQ(choice[from.At(i)], best < 0 ? 255 : place) << i;
        if (best >= 0) gradient[best] += g[i];
      }
      CheckGradient(reference.in, gradient, [&](MapView to, const Epilogue& epilogue) {
        MaxPoolGradient(from.view(), choice.data(), pool.kernel, pool.stride, pool.padding, to, epilogue,
                        pool_);
      });
    }
  }
}

TEST_P(MapsTest, AveragePoolAndItsGradient) {
  for (const Pool& pool : kPools) {
    // Shares of a power of two are exact.
    if (pool.padding != 0 || pool.kernel == 3) continue;
    for (const int channels : {1, 17}) {
      SCOPED_TRACE(absl::StrCat("kernel ", pool.kernel, ", ", channels, "x", pool.height, "x", pool.width));
      const PoolReference reference(pool, channels);
      const std::vector<float> x = RandomIntegers(reference.in.elements(), 1);
      const std::vector<float> g = RandomIntegers(reference.out.elements(), 2);
      const double share = 1.0 / (pool.kernel * pool.kernel);
      std::vector<double> gradient(x.size()), expected(g.size());
      for (size_t i = 0; i < g.size(); ++i) {
        for (int k = 0; k < pool.kernel * pool.kernel; ++k) {
          expected[i] += share * x[reference.At(i, k)];
          gradient[reference.At(i, k)] += share * g[i];
        }
      }
      TestMap in(reference.in, x), out(reference.out, NAN), from(reference.out, g);
      AveragePool(in.view(), pool.kernel, pool.stride, out.view(), pool_);
      EXPECT_THAT(out.filling(), Each(0.0f));
      const std::vector<float> got = out.planar();
      for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], expected[i]) << i;
      CheckGradient(reference.in, gradient, [&](MapView to, const Epilogue& epilogue) {
        AveragePoolGradient(from.view(), pool.kernel, pool.stride, to, epilogue, pool_);
      });
    }
  }
}

TEST_P(MapsTest, DistanceIsTheSameForAnyThreads) {
  for (const TensorShape& shape : kShapes) {
    const std::vector<float> x = RandomFloats(shape.elements(), 1), y = RandomFloats(shape.elements(), 2);
    double expected = 0;
    for (size_t i = 0; i < x.size(); ++i) expected += std::pow(static_cast<double>(x[i]) - y[i], 2);
    TestMap a(shape, x), b(shape, y);
    ThreadPool one(1), five(5);
    const double distance = Distance(a.view(), b.data().data(), one);
    EXPECT_NEAR(distance, expected, 1e-6 * expected);
    EXPECT_EQ(Distance(a.view(), b.data().data(), five), distance);
    EXPECT_EQ(Distance(a.view(), a.data().data(), five), 0);
  }
}

}  // namespace
}  // namespace impasto::engine::cpu
