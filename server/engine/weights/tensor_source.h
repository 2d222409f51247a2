// An opened weights file as what all formats have in common: named tensors. Opening reads headers; Read()
// reads numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/elements.h"

namespace impasto::engine {

struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;
  ElementType type = ElementType::kF32;
  bool is_float() const { return IsFloat(type); }
};

// Not thread-safe.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const char* format() const = 0;  // "keras-h5", "safetensors", "torch", "pastiche"
  virtual const std::vector<TensorInfo>& tensors() const = 0;

  // The elements of tensors()[index] in row-major order. The caller has checked that the shape is one it
  // wants: that bounds what is allocated. INVALID_ARGUMENT where the file's data doesn't go with its header.
  virtual absl::StatusOr<std::vector<float>> Read(size_t index) = 0;

  // Names of layers that the file claims, with or without parameters: they help to tell VGG16 from VGG19.
  virtual std::vector<std::string> claimed_layers() const { return {}; }
};

// A name out of a file, made fit for a message: quoted, escaped, at most 80 characters.
std::string Quoted(absl::string_view name);
// "3x3x64x128".
std::string ShapeText(const std::vector<int64_t>& shape);

}  // namespace impasto::engine
