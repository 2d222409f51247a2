// Memory that vectors are loaded from: aligned to a cache line, zero at first, in huge pages where the system
// has them.
#pragma once

#include <cstddef>
#include <memory>

namespace impasto::engine::cpu {

// Movable. Pages that are never written take no memory.
class Buffer {
 public:
  Buffer() = default;
  // Null `data()` where there is no memory left for it, or `floats` is 0.
  explicit Buffer(size_t floats);

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return data_ == nullptr ? 0 : data_.get_deleter().bytes / sizeof(float); }

 private:
  struct Unmap {
    size_t bytes;
    void operator()(float* data) const;
  };
  std::unique_ptr<float, Unmap> data_;
};

}  // namespace impasto::engine::cpu
