// Writes pickles operation by operation: what torch.save writes, and what an attacker might.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace impasto::testing {

class PickleWriter {
 public:
  PickleWriter() { bytes_ = std::string("\x80\x02", 2); }

  const std::string& bytes() const { return bytes_; }

  PickleWriter& Raw(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  PickleWriter& Mark() { return Raw("("); }
  PickleWriter& Tuple() { return Raw("t"); }
  PickleWriter& EmptyTuple() { return Raw(")"); }
  PickleWriter& EmptyDict() { return Raw("}"); }
  PickleWriter& EmptyList() { return Raw("]"); }
  PickleWriter& SetItems() { return Raw("u"); }
  PickleWriter& Appends() { return Raw("e"); }
  PickleWriter& None() { return Raw("N"); }
  PickleWriter& Bool(bool value) { return Raw(value ? "\x88" : "\x89"); }
  PickleWriter& Reduce() { return Raw("R"); }
  PickleWriter& Build() { return Raw("b"); }
  PickleWriter& PersistentId() { return Raw("Q"); }
  PickleWriter& Put(uint8_t index) {
    return Raw(absl::StrCat("q", std::string(1, static_cast<char>(index))));
  }
  PickleWriter& Get(uint8_t index) {
    return Raw(absl::StrCat("h", std::string(1, static_cast<char>(index))));
  }
  PickleWriter& Stop() { return Raw("."); }
  PickleWriter& Global(const std::string& module, const std::string& name) {
    return Raw(absl::StrCat("c", module, "\n", name, "\n"));
  }
  PickleWriter& Text(const std::string& text) { return Raw("X").Little(text.size(), 4).Raw(text); }
  PickleWriter& Int(int64_t value) {
    return Raw(std::string("\x8a\x08", 2)).Little(static_cast<uint64_t>(value), 8);
  }
  PickleWriter& Ints(const std::vector<int64_t>& values) {
    Mark();
    for (const int64_t value : values) Int(value);
    return Tuple();
  }
  PickleWriter& OrderedDict() { return Global("collections", "OrderedDict").EmptyTuple().Reduce(); }

  // A reference to a storage, as torch writes it: storage_class is "FloatStorage" and so on.
  PickleWriter& Storage(const std::string& storage_class, const std::string& key, int64_t count) {
    return Mark()
        .Text("storage")
        .Global("torch", storage_class)
        .Text(key)
        .Text("cpu")
        .Int(count)
        .Tuple()
        .PersistentId();
  }
  PickleWriter& Tensor(const std::string& storage_class, const std::string& key, int64_t count,
                       int64_t offset, const std::vector<int64_t>& shape,
                       const std::vector<int64_t>& strides) {
    return Global("torch._utils", "_rebuild_tensor_v2")
        .Mark()
        .Storage(storage_class, key, count)
        .Int(offset)
        .Ints(shape)
        .Ints(strides)
        .Bool(false)
        .OrderedDict()
        .Tuple()
        .Reduce();
  }

 private:
  PickleWriter& Little(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }
  std::string bytes_;
};

}  // namespace impasto::testing
