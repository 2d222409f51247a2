// Which model a file's tensor names belong to, and which parameter of which layer each tensor is.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/nets/graph.h"
#include "engine/weights/tensor_source.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

enum class Parameter { kKernel, kBias, kGamma, kBeta, kMean, kVariance };
const char* ParameterName(Parameter parameter);  // "kernel", ...

// One tensor of the file as a parameter of the model.
struct Slot {
  size_t tensor = 0;  // index in TensorSource::tensors()
  std::string layer;  // Keras's name
  Parameter parameter = Parameter::kKernel;
};

struct NamedModel {
  std::string model;
  WeightsFamily family = WeightsFamily::kKeras;
  bool kernels_hwio = false;  // rows, columns, in, out; else out, in, rows, columns
  std::vector<Slot> slots;
};

// `wanted`: the model that the caller takes the file for, or "". It decides only where the names alone can't:
// the first blocks of VGG16 and VGG19 have the same ones. INVALID_ARGUMENT: names of no known model, of
// another variant, or of two.
absl::StatusOr<NamedModel> IdentifyModel(const TensorSource& source, absl::string_view wanted);

// Keras's newer name of a ResNet50 layer that has an older one: "res2a_branch2b" is "conv2_block1_2_conv",
// "bn_conv1" is "conv1_bn". Others come back as they are.
std::string ModernKerasName(absl::string_view layer);

}  // namespace impasto::engine
