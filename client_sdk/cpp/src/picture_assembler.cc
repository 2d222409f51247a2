#include "picture_assembler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"

namespace impasto {
namespace {

// Memory that is taken on the word of a header alone. What comes beyond it has to be there first.
constexpr int64_t kMaxReserve = int64_t{16} << 20;

template <class... Args>
absl::Status Broken(const Args&... args) {
  return absl::InternalError(absl::StrCat("the server sent a broken picture: ", args...));
}

absl::Status CheckHeader(const v1::PictureHeader& header, int64_t max_bytes) {
  if (header.format() == v1::PICTURE_FORMAT_UNSPECIFIED) {
    return Broken("its format isn't given");
  }
  if (header.width() < 1 || header.height() < 1) {
    return Broken("its size is ", header.width(), " x ", header.height());
  }
  if (header.total_bytes() < 1 || header.total_bytes() > max_bytes) {
    return Broken("it has ", header.total_bytes(), " bytes, not 1 to ", max_bytes);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<ReceivedPicture>> PictureAssembler::Add(v1::PictureChunk chunk) {
  auto added = AddChecked(std::move(chunk));
  if (!added.ok()) {
    Drop();
  }
  return added;
}

void PictureAssembler::Drop() {
  pending_ = false;
  picture_ = {};
}

absl::StatusOr<std::optional<ReceivedPicture>> PictureAssembler::AddChecked(v1::PictureChunk chunk) {
  if (!pending_) {
    if (!chunk.has_header()) {
      return Broken("its first chunk has no header");
    }
    IMPASTO_CLIENT_RETURN_IF_ERROR(CheckHeader(chunk.header(), max_bytes_));
    picture_.header = std::move(*chunk.mutable_header());
    picture_.bytes.clear();
    picture_.bytes.reserve(static_cast<size_t>(std::min(picture_.header.total_bytes(), kMaxReserve)));
    pending_ = true;
  } else if (chunk.has_header()) {
    return Broken("another one begins after ", picture_.bytes.size(), " of its ",
                  picture_.header.total_bytes(), " bytes");
  }
  const auto have = static_cast<int64_t>(picture_.bytes.size());
  const int64_t missing = picture_.header.total_bytes() - have;
  if (chunk.offset() != have) {
    return Broken("a chunk is for offset ", chunk.offset(), ", the next is ", have);
  }
  if (chunk.data().empty()) {
    return Broken("an empty chunk at offset ", have);
  }
  if (static_cast<int64_t>(chunk.data().size()) > missing) {
    return Broken("a chunk of ", chunk.data().size(), " bytes where ", missing, " are missing");
  }
  picture_.bytes += chunk.data();
  if (static_cast<int64_t>(chunk.data().size()) < missing) {
    return std::nullopt;
  }
  pending_ = false;
  return std::optional<ReceivedPicture>(std::exchange(picture_, {}));
}

}  // namespace impasto
