#include "engine/weights/sha256.h"

#include <algorithm>
#include <vector>

#include "base/status_macros.h"
#include "engine/weights/byte_source.h"

namespace impasto::engine {

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  IMPASTO_ASSIGN_OR_RETURN(auto file, OpenFileBytes(path));
  Sha256 sha;
  std::vector<char> piece(size_t{1} << 20);
  for (uint64_t offset = 0; offset < file->size();) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), file->size() - offset));
    IMPASTO_RETURN_IF_ERROR(file->ReadAt(offset, piece.data(), count));
    sha.Update(piece.data(), count);
    offset += count;
  }
  return sha.Finish();
}

}  // namespace impasto::engine
