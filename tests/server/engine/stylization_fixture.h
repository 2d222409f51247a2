// Runs of a small network on small pictures, for the tests of a run.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "engine/stylization.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {

inline Image Pattern(int width, int height, int seed) {
  Image image{.width = width, .height = height};
  for (size_t i = 0; i < 3 * image.pixels(); ++i) {
    image.rgb.push_back(static_cast<float>((i * 97 + i / 7 * 31 + static_cast<size_t>(seed) * 53) % 256));
  }
  return image;
}

class StylizationTest : public ::testing::Test {
 protected:
  StylizationTest() {
    LoadModel("cpu");
    recipe_ = *MakePreset("reference", "vgg19", WeightsFamily::kKeras);
    recipe_.iterations = 5;
  }
  void LoadModel(const std::string& executor) {
    const Graph graph = testing::SmallNet(Vgg19(), 16);
    model_ = *Model::Load(graph, testing::SeededWeights(graph, 5),
                          {.device = "cpu", .threads = 1, .executor = executor});
  }
  absl::StatusOr<std::unique_ptr<Stylization>> Create(std::vector<StylePicture> styles = {Pattern(40, 36, 2)},
                                                      Image init = {}) {
    return Stylization::Create(
        model_, recipe_,
        Stylization::Share(
            {.content = Pattern(36, 33, 1), .styles = std::move(styles), .init = std::move(init)}));
  }
  // To its end.
  static std::vector<Losses> Run(Stylization* run) {
    std::vector<Losses> losses;
    while (!run->done()) losses.push_back(*run->Step());
    return losses;
  }
  std::shared_ptr<const Model> model_;
  Recipe recipe_;
};

// Large enough for three levels: 260 x 255, 130 x 128, 65 x 64.
inline std::shared_ptr<const Stylization::Pictures> LargePictures() {
  return Stylization::Share(
      {.content = Pattern(260, 255, 1), .styles = {Pattern(256, 300, 2)}, .init = Pattern(260, 255, 8)});
}

}  // namespace impasto::engine
