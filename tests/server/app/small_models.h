// Weights files of small networks for the tests of this folder.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"
#include "tests/testing/weights_files.h"

namespace impasto::app {

// A folder of its own, gone at the end.
class WeightsDir {
 public:
  WeightsDir() : path_(absl::StrCat(::testing::TempDir(), "impasto-weights-XXXXXX")) {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~WeightsDir() { std::filesystem::remove_all(path_); }
  WeightsDir(const WeightsDir&) = delete;
  WeightsDir& operator=(const WeightsDir&) = delete;
  const std::string& path() const { return path_; }

  // Writes DIR/MODEL.h5 without the weights of the layers in `without`.
  std::string Write(const std::string& model, const std::vector<std::string>& without = {},
                    int seed = 5) const {
    const engine::Graph graph = testing::SmallNet(*engine::MakeGraph(model), 16);
    engine::Weights weights = testing::SeededWeights(graph, seed);
    for (const std::string& layer : without) EXPECT_EQ(weights.layers.erase(layer), 1u) << layer;
    const std::string path = absl::StrCat(path_, "/", model, ".h5");
    EXPECT_TRUE(testing::WriteWeightsFile(path, testing::WeightsFormat::kKerasNested, graph, weights).ok());
    return path;
  }

 private:
  std::string path_;
};

}  // namespace impasto::app
