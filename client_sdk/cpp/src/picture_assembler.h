// Puts the chunks of one picture together. Nothing that the server says is believed without a check.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "impasto/picture.h"
#include "impasto/v1/picture.pb.h"

namespace impasto {

// Not thread-safe.
class PictureAssembler {
 public:
  // Pictures of more than `max_bytes` are refused before memory is taken for them.
  explicit PictureAssembler(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // The whole picture with its last chunk, nullopt before. INTERNAL: the chunk doesn't follow the one before.
  // After an error the picture is lost and the next chunk has to start one.
  absl::StatusOr<std::optional<ReceivedPicture>> Add(v1::PictureChunk chunk);

  // Forgets a picture that isn't whole. The next chunk has to start one.
  void Drop();

  // A picture has begun and isn't whole.
  bool pending() const { return pending_; }

 private:
  absl::StatusOr<std::optional<ReceivedPicture>> AddChecked(v1::PictureChunk chunk);

  const int64_t max_bytes_;
  bool pending_ = false;
  ReceivedPicture picture_;
};

}  // namespace impasto
