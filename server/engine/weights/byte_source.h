// Bytes at offsets: of a file, or of memory. What the readers of untrusted files stand on: nothing is ever
// read past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace impasto::engine {

// Thread-compatible.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // INVALID_ARGUMENT past the end ("cut off"); DATA_LOSS where the disk fails.
  virtual absl::Status ReadAt(uint64_t offset, void* to, size_t count) const = 0;

  // As ReadAt, into a string. `count` is checked against the size before it is allocated.
  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t count) const;

 protected:
  absl::Status CheckRange(uint64_t offset, uint64_t count) const;
};

// NOT_FOUND: no such file; INVALID_ARGUMENT: not a regular file; PERMISSION_DENIED and others as the system
// has it.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileBytes(const std::string& path);

std::unique_ptr<ByteSource> MemoryBytes(std::string bytes);

}  // namespace impasto::engine
