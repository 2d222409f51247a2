#include "engine/style_statistics.h"

#include <gtest/gtest.h>

#include <random>

#include "base/field_error.h"
#include "tests/server/engine/stylization_fixture.h"

namespace impasto::engine {
namespace {

class StyleStatisticsTest : public StylizationTest {
 protected:
  const std::vector<std::string> layers_ = {"block2_conv1", "block1_conv1"};
};

TEST_F(StyleStatisticsTest, AreTheGramMatricesOfTheLayersInTheirOrder) {
  const Image style = Pattern(40, 36, 2);
  const StyleStatistics statistics = *ComputeStyleStatistics(*model_, style, layers_, Pooling::kMax);
  EXPECT_EQ(statistics.layers, layers_);
  ASSERT_EQ(statistics.grams.size(), 2u);
  EXPECT_EQ(statistics.grams[0].size(), 64u);  // 8 channels
  EXPECT_EQ(statistics.grams[1].size(), 16u);  // 4
  // F F^T / M has the mean square of each channel on its diagonal: positive, and it is symmetric.
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_GT(statistics.grams[1][5 * i], 0);
    for (size_t j = 0; j < 4; ++j)
      EXPECT_FLOAT_EQ(statistics.grams[1][4 * i + j], statistics.grams[1][4 * j + i]);
  }
  EXPECT_EQ(
      ComputeStyleStatistics(*model_, Pattern(12, 40, 2), {"block5_conv1"}, Pooling::kMax).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(StyleStatisticsTest, ComeBackAsTheyWere) {
  const StyleStatistics statistics =
      *ComputeStyleStatistics(*model_, Pattern(40, 36, 2), layers_, Pooling::kAverage);
  const absl::StatusOr<StyleStatistics> back = ParseStyleStatistics(SerializeStyleStatistics(statistics));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->layers, statistics.layers);
  EXPECT_EQ(back->grams, statistics.grams);
}

TEST_F(StyleStatisticsTest, DamagedBytesAreRefused) {
  const std::string good = SerializeStyleStatistics({.layers = {"a", "b"}, .grams = {{1, 2, 2, 4}, {9}}});
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(ParseStyleStatistics(good.substr(0, size)).status().code(), absl::StatusCode::kDataLoss);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 4;
    EXPECT_EQ(ParseStyleStatistics(bad).status().code(), absl::StatusCode::kDataLoss) << at;
  }
  EXPECT_EQ(ParseStyleStatistics(good + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(StyleStatisticsTest, AStylePictureOfAnotherSizeThanItSaidIsRefused) {
  const StylePicture liar(Size{41, 36}, [] { return std::make_shared<const Image>(Pattern(40, 36, 2)); });
  const absl::Status status = Create({liar}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(FieldOf(status), "styles[0]");
}

}  // namespace
}  // namespace impasto::engine
