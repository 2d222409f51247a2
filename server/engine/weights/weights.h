// Weights in memory, in one layout whatever file they came from.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace impasto::engine {

// The parameters of one layer, float32. A convolution fills kernel and bias, a batch norm the four others.
struct LayerWeights {
  std::array<int, 4> kernel_shape{};  // out channels, in channels, rows, columns (OIHW)
  std::vector<float> kernel;
  std::vector<float> bias;
  std::vector<float> gamma, beta, mean, variance;
};

// What the network wants at its input, per channel in the network's own order: (value * scale - mean) /
// deviation, with value in 0..255.
struct Preprocessing {
  bool bgr = false;  // the network's first channel is blue
  float scale = 1;
  std::array<float, 3> mean{};
  std::array<float, 3> deviation{1, 1, 1};
};
// Keras/Caffe: BGR minus (103.939, 116.779, 123.68).
Preprocessing CaffePreprocessing();
// torchvision: RGB in 0..1, minus (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225).
Preprocessing TorchvisionPreprocessing();

// Whose training the weights come from. It decides preprocessing and the scale of activations, and so the
// default recipe.
enum class WeightsFamily { kKeras, kTorchvision, kRandom };
const char* FamilyName(WeightsFamily family);  // "keras", "torchvision", "random"

struct Weights {
  std::string model;  // "vgg19", ...
  WeightsFamily family = WeightsFamily::kKeras;
  Preprocessing preprocessing;
  std::string origin;  // where it was read from, for people: a file name and its format
  std::string sha256;  // of the file, lower-case hex; for random weights of "random:SEED"
  std::map<std::string, LayerWeights, std::less<>>
      layers;  // by Keras layer name; layers without parameters aren't there
};

}  // namespace impasto::engine
