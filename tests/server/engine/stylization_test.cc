#include "engine/stylization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/field_error.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

Image Pattern(int width, int height, int seed) {
  Image image{.width = width, .height = height};
  for (size_t i = 0; i < 3 * image.pixels(); ++i) {
    image.rgb.push_back(static_cast<float>((i * 97 + i / 7 * 31 + static_cast<size_t>(seed) * 53) % 256));
  }
  return image;
}

class StylizationTest : public ::testing::Test {
 protected:
  StylizationTest() {
    const Graph graph = testing::SmallNet(Vgg19(), 16);
    model_ = *Model::Load(graph, testing::SeededWeights(graph, 5), {.device = "cpu", .threads = 1});
    recipe_ = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
    recipe_.iterations = 5;
  }
  absl::StatusOr<std::unique_ptr<Stylization>> Create(std::vector<Image> styles = {Pattern(40, 36, 2)},
                                                      Image init = {}) {
    return Stylization::Create(
        model_, recipe_,
        {.content = Pattern(36, 33, 1), .styles = std::move(styles), .init = std::move(init)});
  }
  std::vector<Losses> Run(Stylization* run) {
    std::vector<Losses> losses;
    while (!run->done()) losses.push_back(*run->Step());
    return losses;
  }
  std::shared_ptr<const Model> model_;
  Recipe recipe_;
};

TEST_F(StylizationTest, NIterationsGiveNPlusOneLosses) {
  const auto run = *Create();
  EXPECT_EQ(run->best_evaluation(), 0);
  EXPECT_EQ(Run(run.get()).size(), 6u);
  EXPECT_EQ(run->evaluations(), 6);
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(StylizationTest, StartsAtTheContentPicture) {
  const auto run = *Create();
  const Losses first = *run->Step();
  EXPECT_EQ(first.content, 0);
  EXPECT_GT(first.style, 0);
  EXPECT_EQ(run->best().rgb, Pattern(36, 33, 1).rgb);
  EXPECT_NE(run->current().rgb, run->best().rgb);
}

TEST_F(StylizationTest, TheTotalIsTheWeightedSum) {
  recipe_.tv_weight = 3;
  recipe_.content_layers = {{"block3_conv2", 0.5}, {"block2_conv1", 2}};
  const auto run = *Create();
  for (const Losses& l : Run(run.get())) {
    EXPECT_DOUBLE_EQ(l.content, 0.5 * l.content_layers[0] + 2 * l.content_layers[1]);
    EXPECT_NEAR(l.total, 1e5 * l.content + 1e-2 * l.style + 3 * l.tv, 1e-9 * l.total);
    EXPECT_GT(l.tv, 0);
  }
}

TEST_F(StylizationTest, TheBestPictureIsTheOneItsLossBelongsTo) {
  recipe_.iterations = 8;
  const auto run = *Create();
  std::vector<Image> pictures = {run->current()};
  std::vector<double> totals;
  while (!run->done()) {
    totals.push_back(run->Step()->total);
    pictures.push_back(run->current());
  }
  const size_t best = std::min_element(totals.begin(), totals.end()) - totals.begin();
  EXPECT_EQ(run->best_loss(), totals[best]);
  EXPECT_EQ(run->best_evaluation(), static_cast<int>(best) + 1);
  EXPECT_EQ(run->best().rgb, pictures[best].rgb);
}

TEST_F(StylizationTest, TheLastPictureCanBeTheBest) {
  recipe_.iterations = 2;
  recipe_.content_weight = 0;
  recipe_.learning_rate = 0.01;  // small enough that every step is downhill
  const auto run = *Create();
  Run(run.get());
  EXPECT_EQ(run->best_evaluation(), 3);
  EXPECT_EQ(run->best().rgb, run->current().rgb);
}

TEST_F(StylizationTest, StaysWithinTheBox) {
  recipe_.learning_rate = 200;
  const auto run = *Create();
  Run(run.get());
  for (const float v : run->current().rgb) ASSERT_TRUE(v >= 0 && v <= 255);
}

TEST_F(StylizationTest, RepeatsBitForBit) {
  recipe_.init = Init::kNoise;
  recipe_.seed = 9;
  const auto a = *Create();
  const auto b = *Create();
  Run(a.get());
  Run(b.get());
  EXPECT_EQ(a->current().rgb, b->current().rgb);
  recipe_.seed = 10;
  const auto c = *Create();
  EXPECT_NE(a->best().rgb, c->best().rgb);
}

TEST_F(StylizationTest, SeveralStylesAreTheSumOfTheirLosses) {
  const Image one = Pattern(40, 36, 2), two = Pattern(50, 34, 3);
  const auto loss = [&](std::vector<Image> styles, std::vector<double> weights) {
    recipe_.style_picture_weights = std::move(weights);
    return (*Create(std::move(styles)))->Step()->style;
  };
  const double expected = 0.25 * loss({one}, {}) + 0.75 * loss({two}, {});
  EXPECT_NEAR(loss({one, two}, {1, 3}), expected, 1e-5 * expected);
  EXPECT_NEAR(loss({one, one}, {}), loss({one}, {}), 1e-5 * expected);
}

TEST_F(StylizationTest, PaperNormalisationIsSumsAndAQuarter) {
  recipe_.init = Init::kNoise;
  const Losses mean = *(*Create())->Step();
  recipe_.normalization = Normalization::kPaper;
  const Losses paper = *(*Create())->Step();
  EXPECT_NEAR(paper.style, mean.style / 4, 1e-6 * mean.style);
  EXPECT_NEAR(paper.content, mean.content * (512 / 16) * 2 * 2,
              1e-6 * paper.content);  // block5: 32 maps of 2 x 2
}

TEST_F(StylizationTest, StartsFromAPicture) {
  recipe_.init = Init::kPicture;
  const auto run = Create({Pattern(40, 36, 2)}, Pattern(36, 33, 8));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ((*run)->current().rgb, Pattern(36, 33, 8).rgb);
  const absl::Status wrong = Create({Pattern(40, 36, 2)}, Pattern(36, 32, 8)).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(wrong), "initial");
}

TEST_F(StylizationTest, ALossThatIsNotFiniteStopsItAndKeepsTheBest) {
  const Graph graph = testing::SmallNet(Vgg19(), 16);
  Weights weights = testing::SeededWeights(graph, 5);
  for (float& v : weights.layers.at("block2_conv1").kernel) v *= 1e30f;
  model_ = *Model::Load(graph, std::move(weights), {.device = "cpu", .threads = 1});
  const auto run = *Create();
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(run->best().rgb, Pattern(36, 33, 1).rgb);
  EXPECT_EQ(run->Step().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StylizationTest, RefusesWhatCantRun) {
  EXPECT_EQ(FieldOf(Create({}).status()), "styles");
  recipe_.style_picture_weights = {1, 2};
  EXPECT_EQ(FieldOf(Create().status()), "style_picture_weights");
  recipe_.style_picture_weights.clear();
  const absl::Status small = Create({Pattern(40, 36, 2), Pattern(12, 40, 2)}).status();
  EXPECT_EQ(small.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(small), "styles[1]");
}

}  // namespace
}  // namespace impasto::engine
