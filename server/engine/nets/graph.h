// A backbone as data: a list of named nodes in topological order. Names are Keras's, and any of them can be a
// tap.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::engine {

enum class Op {
  kInput,   // the preprocessed picture, 3 channels
  kConv2d,  // with bias; square kernel, symmetric zero padding; `relu` fused behind it where the Keras layer
            // has it inside
  kBatchNorm,  // inference: gamma (x - mean) / sqrt(variance + epsilon) + beta
  kRelu,
  kZeroPad,  // `padding` rows and columns of zeros on every side
  kMaxPool,  // no padding of its own: Keras's "valid"
  kAveragePool,
  kAdd,  // two inputs of one shape
};

struct Node {
  std::string name;
  Op op = Op::kInput;
  std::vector<int> inputs;  // indices of earlier nodes
  int channels = 3;         // of the output
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  bool relu = false;          // kConv2d: a ReLU is part of the layer, and a tap is taken behind it
  double epsilon = 1.001e-5;  // kBatchNorm

  bool HasParameters() const { return op == Op::kConv2d || op == Op::kBatchNorm; }
};

struct TensorShape {
  int channels = 0;
  int height = 0;
  int width = 0;
  bool operator==(const TensorShape&) const = default;
  size_t positions() const { return static_cast<size_t>(height) * static_cast<size_t>(width); }
  size_t elements() const { return positions() * static_cast<size_t>(channels); }
};

enum class Pooling { kMax, kAverage };

// Immutable after construction; safe to share between threads.
class Graph {
 public:
  Graph(std::string model, std::vector<Node> nodes);

  const std::string& model() const { return model_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  // Index of the node, or -1.
  int Find(absl::string_view name) const;
  // Every name that can be a tap, in topological order (all but the input).
  std::vector<std::string> LayerNames() const;

  // The graph cut down to what the named taps need, with `pooling` in place of its max pools.
  // INVALID_ARGUMENT for an unknown tap, with the nearest names.
  absl::StatusOr<Graph> Prune(const std::vector<std::string>& taps, Pooling pooling = Pooling::kMax) const;

  // The shape of every node for a picture of this size. INVALID_ARGUMENT, naming the layer, where the picture
  // is too small: a map would have no rows or no columns.
  absl::StatusOr<std::vector<TensorShape>> Shapes(int height, int width) const;

 private:
  std::string model_;
  std::vector<Node> nodes_;
  std::map<std::string, int, std::less<>> index_;
};

// VGG of Simonyan and Zisserman (arXiv:1409.1556) as keras.applications has it, convolutional part:
// block1_conv1 ... block5_pool.
Graph Vgg19();
Graph Vgg16();
// ResNet-50 of He et al. (arXiv:1512.03385) as keras.applications ResNet50 (v1): conv1_pad ...
// conv5_block3_out. The stride of a stage is in its first 1x1 convolution, convolutions have biases, padding
// is explicit.
Graph ResNet50();

// "vgg19", "vgg16", "resnet50": the order in which `auto` prefers them.
const std::vector<std::string>& ModelNames();
// NOT_FOUND, with the names there are, for an unknown model.
absl::StatusOr<Graph> MakeGraph(absl::string_view model);

}  // namespace impasto::engine
