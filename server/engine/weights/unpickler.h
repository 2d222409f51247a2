// A restricted unpickler: it runs the part of Python's pickle machine that torch.save needs to describe
// tensors, and nothing else. A pickle is a program that may call any Python function; here only a fixed few
// names stand for anything, and every other one ends the reading with its name.
//
// What is built is inert data. Values live in an arena and refer to one another by pointer, so that a pickle
// that contains itself neither leaks nor recurses. Work, depth and memory are bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/elements.h"

namespace impasto::engine {

// A storage as a pickle refers to it: `count` elements under `key`, of which the tensor sees view_count from
// view_offset on.
struct PickledStorage {
  std::string key;
  ElementType type = ElementType::kF32;
  int64_t count = 0;
  int64_t view_offset = 0;
  int64_t view_count = 0;
};

struct PickledTensor {
  PickledStorage storage;
  int64_t offset = 0;  // elements, within the view
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // elements
};

struct PickledValue {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kBytes,
    kBigInt,
    kTuple,
    kList,
    kDict,
    kCallable,
    kStorage,
    kTensor,
    kMark
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;  // kBool, kInt
  std::string text;     // kText, kBytes, kBigInt (little-endian two's complement), kCallable
                        // ("torch._utils._rebuild_tensor_v2")
  std::vector<const PickledValue*> items;  // kTuple, kList; kDict: key, value, key, value, ...
  std::unique_ptr<PickledStorage> storage;
  std::unique_ptr<PickledTensor> tensor;

  // The value of the dict's last entry under this text, or null.
  const PickledValue* Get(absl::string_view key) const;
};

// The result of one pickle, and everything that it refers to.
class Unpickled {
 public:
  const PickledValue& root() const { return *root_; }

 private:
  friend class Unpickler;
  std::vector<std::unique_ptr<PickledValue>> arena_;
  const PickledValue* root_ = nullptr;
};

// Reads the one pickle that `bytes` starts with; `*used` gets its length. INVALID_ARGUMENT: damaged or cut
// off, over a limit, or it calls what is not allowed (the callable is named).
absl::StatusOr<Unpickled> Unpickle(absl::string_view bytes, size_t* used);

}  // namespace impasto::engine
