// A zip file's entries: torch.save's container, and Python's wheels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/weights/byte_source.h"

namespace impasto::engine {

// Not thread-safe.
class ZipArchive {
 public:
  struct Entry {
    std::string name;
    uint64_t size = 0;  // unpacked, as the archive claims
    uint64_t packed_size = 0;
    bool stored = false;  // not compressed
  };

  static bool LooksLikeZip(const ByteSource& bytes);
  // INVALID_ARGUMENT: damaged or cut off.
  static absl::StatusOr<std::unique_ptr<ZipArchive>> Open(std::unique_ptr<ByteSource> bytes);
  ~ZipArchive();

  const std::vector<Entry>& entries() const { return entries_; }
  // Index of the entry, or -1.
  int Find(absl::string_view name) const;

  // `count` unpacked bytes from `offset` on. The caller bounds `count`. INVALID_ARGUMENT: damaged, or shorter
  // than that. The checksum is checked when a read reaches the entry's end from its start.
  absl::StatusOr<std::string> Read(size_t entry, uint64_t offset, uint64_t count) const;

 private:
  struct Impl;
  ZipArchive();
  std::unique_ptr<Impl> impl_;
  std::vector<Entry> entries_;
};

}  // namespace impasto::engine
