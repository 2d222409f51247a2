#include "engine/executors/cpu/buffer.h"

#include <sys/mman.h>

#include <limits>

namespace impasto::engine::cpu {

Buffer::Buffer(size_t floats) {
  if (floats == 0 || floats > std::numeric_limits<size_t>::max() / sizeof(float)) return;
  const size_t bytes = floats * sizeof(float);
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return;
  // A step walks through all of it again and again: with pages of 4 KiB a tenth of the time goes to the
  // tables.
  madvise(data, bytes, MADV_HUGEPAGE);
  data_ = std::unique_ptr<float, Unmap>(static_cast<float*>(data), Unmap{bytes});
}

void Buffer::Unmap::operator()(float* data) const { munmap(data, bytes); }

}  // namespace impasto::engine::cpu
