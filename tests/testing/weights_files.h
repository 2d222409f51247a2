// Writes weights files of every format that the server reads, of networks of any width: tests of the server
// use SmallNet(graph, divisor) with SeededWeights, which have the real names and few channels.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/nets/graph.h"
#include "engine/weights/elements.h"
#include "engine/weights/weights.h"

namespace impasto::testing {

enum class WeightsFormat {
  kKerasFlat,        // LAYER/LAYER_W_1:0, as keras-applications' VGG files
  kKerasNested,      // LAYER/LAYER/kernel:0, as Keras 2.2 and later
  kKerasSavedModel,  // model_weights/LAYER/LAYER/kernel:0, beside other groups
  kKerasOldNames,    // res2a_branch2a and so on: ResNet50 alone
  kSafetensors,      // torchvision's names: VGGs alone, as the next two
  kTorchZip,
  kTorchLegacy,
  kPasticheWheel,  // 8 bits: numbers are rounded, as Quantized() has them; convolutions alone
  kPasticheBin,
};
// Those that a VGG can have, and those that ResNet50 can have.
std::vector<WeightsFormat> VggFormats();
std::vector<WeightsFormat> ResNetFormats();
const char* FormatName(WeightsFormat format);     // a name for tests: "KerasFlat"
const char* FileExtension(WeightsFormat format);  // ".h5", ...

// Layers of `graph` that `weights` lacks are left out. `type`: kF32, kF16, kBF16 or kF64; HDF5 files take no
// kBF16, pastiche files only kF32. INVALID_ARGUMENT where the format can't hold the model.
absl::Status WriteWeightsFile(const std::string& path, WeightsFormat format, const engine::Graph& graph,
                              const engine::Weights& weights,
                              engine::ElementType type = engine::ElementType::kF32);

// Kernels rounded to 256 numbers each, as the pastiche formats hold them.
engine::Weights Quantized(engine::Weights weights);
// Every number rounded to the type.
engine::Weights Rounded(engine::Weights weights, engine::ElementType type);

// A tensor to write, row-major.
struct RawTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};
// torchvision's names and layouts of the weights.
std::vector<RawTensor> TorchvisionTensors(const engine::Graph& graph, const engine::Weights& weights);
// `values` as little-endian bytes of the type; kU8 takes whole numbers.
std::string ElementsToBytes(const std::vector<float>& values, engine::ElementType type);

std::string SafetensorsBytes(const std::vector<RawTensor>& tensors, engine::ElementType type);
std::string TorchLegacyBytes(const std::vector<RawTensor>& tensors, engine::ElementType type);
// A zip file; entries are stored as they are where `compress` is false.
absl::Status WriteZip(const std::string& path, const std::map<std::string, std::string>& entries,
                      bool compress);
// The entries of torch's zip file.
std::map<std::string, std::string> TorchZipEntries(const std::vector<RawTensor>& tensors,
                                                   engine::ElementType type);

// Datasets by their path, "block1_conv1/block1_conv1/kernel:0"; layer_names goes to the root's attribute
// unless it is empty.
absl::Status WriteHdf5(const std::string& path, const std::vector<RawTensor>& datasets,
                       const std::vector<std::string>& layer_names, engine::ElementType type);

void WriteBytes(const std::string& path, const std::string& bytes);

}  // namespace impasto::testing
