// The gradient of a whole run's loss against differences of that loss, with both executors.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "engine/stylization.h"
#include "tests/server/engine/executors/cpu/targets.h"
#include "tests/testing/oracle.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

struct Runner {
  std::string name;
  std::string executor;
  cpu::Target target;  // of the CPU executor
};

std::vector<Runner> Runners() {
  std::vector<Runner> runners = {{"Torch", "torch", {}}};
  for (const cpu::Target& target : cpu::RunnableTargets())
    runners.push_back({absl::StrCat("Cpu", target.name), "cpu", target});
  return runners;
}

void PrintTo(const Runner& runner, std::ostream* out) { *out << runner.name; }

class StylizationGradientTest : public ::testing::TestWithParam<Runner> {
 protected:
  // step: the length of a step of the whole picture, some 5000 numbers. Smaller, rounding shows; larger,
  // ReLUs turn: ResNet50 has so many that it can't be told better than `limit`.
  void Check(const Graph& graph, const std::string& what, Recipe recipe) {
    const bool resnet = graph.model() == "resnet50";
    const double step = resnet ? 0.05 : 0.4, limit = resnet ? 2e-2 : 1e-2;
    SCOPED_TRACE(what);
    if (GetParam().executor == "cpu") cpu::ForceTarget(GetParam().target);
    const auto model = *Model::Load(graph, testing::SeededWeights(graph, 5),
                                    {.device = "cpu",
                                     .threads = 2,
                                     .executor = GetParam().executor,
                                     .torch_memory_format = TorchMemoryFormat::kNchw});
    recipe.init = Init::kPicture;
    // Max pools have corners everywhere.
    recipe.pooling = Pooling::kAverage;
    const auto losses = [&](const Image& picture, std::vector<float>* gradient) {
      auto run = Stylization::Create(
          model, recipe,
          Stylization::Share({.content = testing::SmoothPicture(kWidth, kHeight, 1.0),
                              .styles = {testing::SmoothPicture(kWidth + 5, kHeight - 3, 2.3)},
                              .init = picture}));
      EXPECT_TRUE(run.ok()) << run.status();
      const double total = (*run)->Step()->total;
      if (gradient != nullptr) *gradient = (*run)->gradient();
      return total;
    };
    Image picture = testing::SmoothPicture(kWidth, kHeight, 1.6);
    for (float& v : picture.rgb) v = 64 + v / 2;  // away from the ends of 0..255
    std::vector<float> gradient;
    losses(picture, &gradient);
    double norm = 0;
    for (const float g : gradient) norm += static_cast<double>(g) * g;
    norm = std::sqrt(norm);
    ASSERT_GT(norm, 0);
    // Along the whole gradient, along two of its channels alone, and along its right half alone: directions
    // in which the loss changes by far more than its rounding.
    for (int direction = 0; direction < 4; ++direction) {
      std::vector<double> d(gradient.size());
      double length = 0;
      for (size_t i = 0; i < d.size(); ++i) {
        const bool part =
            direction == 0 || (direction < 3 ? i / picture.pixels() == static_cast<size_t>(direction)
                                             : i % kWidth > kWidth / 2);
        d[i] = part ? gradient[i] / norm : 0;
        length += d[i] * d[i];
      }
      double slope = 0;
      for (size_t i = 0; i < d.size(); ++i) {
        d[i] /= std::sqrt(length);
        slope += gradient[i] * d[i];
      }
      const auto at = [&](double along) {
        Image moved = picture;
        for (size_t i = 0; i < d.size(); ++i)
          moved.rgb[i] = static_cast<float>(picture.rgb[i] + along * d[i]);
        return losses(moved, nullptr);
      };
      const double difference = (at(step) - at(-step)) / (2 * step);
      EXPECT_NEAR(difference, slope, limit * std::abs(slope)) << "direction " << direction;
      std::printf("%s, direction %d: slope %.6g, difference %.6g, off by %.1e\n", what.c_str(), direction,
                  slope, difference, difference / slope - 1);
    }
  }

  static constexpr int kWidth = 45, kHeight = 37;
};

TEST_P(StylizationGradientTest, IsTheLossesSlope) {
  for (const bool resnet : {false, true}) {
    const Graph graph = testing::SmallNet(resnet ? ResNet50() : Vgg19(), 8);
    const Recipe reference = *MakePreset("reference", graph.model(), WeightsFamily::kKeras);
    Recipe recipe = reference;
    Check(graph, graph.model() + " reference", recipe);
    recipe.normalization = Normalization::kPaper;
    recipe.content_weight = 0;
    Check(graph, graph.model() + " paper, style alone", recipe);
    recipe = reference;
    recipe.style_weight = 1e-6;
    recipe.tv_weight = 1e3;
    Check(graph, graph.model() + " content and total variation", recipe);
  }
}

INSTANTIATE_TEST_SUITE_P(Executors, StylizationGradientTest, ::testing::ValuesIn(Runners()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace impasto::engine
