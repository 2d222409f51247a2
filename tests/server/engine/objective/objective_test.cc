#include "engine/objective/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace impasto::engine {
namespace {

class FakeMap final : public StoredMap {
 public:
  explicit FakeMap(std::vector<float> map) : map(std::move(map)) {}
  std::vector<float> map;
};

// One tap whose map is the input itself: 3 channels, so that what the objective asks for can be worked out by
// hand.
class IdentityPlan final : public Plan {
 public:
  IdentityPlan(int height, int width) : shape_{3, height, width}, gradient_(shape_.elements()) {}
  const std::vector<std::string>& taps() const override { return taps_; }
  TensorShape tap_shape(int) const override { return shape_; }
  absl::Status Forward(absl::Span<const float> input, bool) override {
    map_.assign(input.begin(), input.end());
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
    return absl::OkStatus();
  }
  absl::Status Gram(int, std::vector<float>* gram) override {
    const size_t m = shape_.positions();
    gram->assign(9, 0);
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) {
        double sum = 0;
        for (size_t p = 0; p < m; ++p) sum += static_cast<double>(map_[i * m + p]) * map_[j * m + p];
        (*gram)[i * 3 + j] = static_cast<float>(sum / static_cast<double>(m));
      }
    }
    return absl::OkStatus();
  }
  absl::Status AddMatrixTimesMap(int, absl::Span<const float> d) override {
    const size_t m = shape_.positions();
    for (size_t i = 0; i < 3; ++i) {
      for (size_t p = 0; p < m; ++p) {
        for (size_t j = 0; j < 3; ++j) gradient_[i * m + p] += d[i * 3 + j] * map_[j * m + p];
      }
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<StoredMap>> Store(int) override { return std::make_unique<FakeMap>(map_); }
  absl::StatusOr<double> SquaredDistance(int, const StoredMap& stored) override {
    double sum = 0;
    const auto& p = static_cast<const FakeMap&>(stored).map;
    for (size_t i = 0; i < map_.size(); ++i) sum += std::pow(static_cast<double>(map_[i]) - p[i], 2);
    return sum;
  }
  absl::Status AddDifference(int, const StoredMap& stored, double scale) override {
    const auto& p = static_cast<const FakeMap&>(stored).map;
    for (size_t i = 0; i < map_.size(); ++i) gradient_[i] += static_cast<float>(scale * (map_[i] - p[i]));
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<float>> CopyTap(int) override { return map_; }
  absl::Status AddGradient(int, absl::Span<const float>) override { return absl::OkStatus(); }
  absl::Status Backward(absl::Span<float> gradient) override {
    std::copy(gradient_.begin(), gradient_.end(), gradient.begin());
    return absl::OkStatus();
  }

 private:
  std::vector<std::string> taps_ = {"input"};
  TensorShape shape_;
  std::vector<float> map_, gradient_;
};

std::vector<float> Random(size_t n, int seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(generator() % 2000) / 1000 - 1;
  return values;
}

TEST(BlendGramsTest, TheSpreadIsTheLossThatIsLeft) {
  const std::vector<std::vector<float>> grams = {{1, 2, 2, 5}, {3, -2, -2, 1}};
  std::vector<float> target;
  double spread = 0;
  BlendGrams({grams[0], grams[1]}, {0.25, 0.75}, &target, &spread);
  EXPECT_EQ(target, (std::vector<float>{2.5, -1, -1, 2}));
  // Against any G: the weighted sum of both distances is the distance to the blend and the spread.
  const std::vector<float> g = {0.5, 1, 1, -3};
  double direct = 0, blended = spread;
  for (int i = 0; i < 4; ++i) {
    direct += 0.25 * std::pow(g[i] - grams[0][i], 2) + 0.75 * std::pow(g[i] - grams[1][i], 2);
    blended += std::pow(g[i] - target[i], 2);
  }
  EXPECT_NEAR(blended, direct, 1e-12);
}

class ObjectiveTest : public ::testing::Test {
 protected:
  // Content weight 2 with `normalizer`, style weight 3.
  void Make(double content_normalizer, double style_normalizer) {
    std::vector<float> gram;
    ASSERT_TRUE(plan_.Forward(Random(60, 1), false).ok());
    std::vector<ContentTerm> content(1);
    content[0].weight = 2;
    content[0].normalizer = content_normalizer;
    content[0].target = *plan_.Store(0);
    ASSERT_TRUE(plan_.Forward(Random(60, 2), false).ok());
    std::vector<StyleTerm> style(1);
    style[0].weight = 3;
    style[0].normalizer = style_normalizer;
    ASSERT_TRUE(plan_.Gram(0, &style[0].target).ok());
    objective_ = std::make_unique<Objective>(std::move(content), std::move(style));
  }
  double Total(const std::vector<float>& x) {
    EXPECT_TRUE(plan_.Forward(x, true).ok());
    return objective_->Evaluate(&plan_, true)->total;
  }
  IdentityPlan plan_{4, 5};
  std::unique_ptr<Objective> objective_;
};

TEST_F(ObjectiveTest, ValuesAreWeightTimesLoss) {
  Make(1.0 / 60, 1.0 / 9);
  ASSERT_TRUE(plan_.Forward(Random(60, 3), true).ok());
  const absl::StatusOr<Objective::Value> value = objective_->Evaluate(&plan_, true);
  ASSERT_TRUE(value.ok());
  EXPECT_DOUBLE_EQ(value->total, 2 * value->content[0] + 3 * value->style[0]);
}

TEST_F(ObjectiveTest, GradientIsTheFiniteDifference) {
  Make(1.0 / 60, 0.25 / 9);
  const std::vector<float> x = Random(60, 3);
  Total(x);
  std::vector<float> gradient(60);
  ASSERT_TRUE(plan_.Backward(absl::MakeSpan(gradient)).ok());
  for (size_t i = 0; i < x.size(); ++i) {
    std::vector<float> up = x, down = x;
    up[i] += 1e-2f;
    down[i] -= 1e-2f;
    const double slope = (Total(up) - Total(down)) / (static_cast<double>(up[i]) - down[i]);
    ASSERT_NEAR(gradient[i], slope, 1e-4) << i;
  }
}

}  // namespace
}  // namespace impasto::engine
