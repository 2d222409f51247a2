// A picture's event as the messages that carry it.
#pragma once

#include <cstdint>

#include "impasto/v1/stylization.pb.h"
#include "jobs/job.h"

namespace impasto::rpc {

// The API's promise: see PictureChunk.data.
inline constexpr int64_t kMaxChunkBytes = 512 << 10;

// The messages of one event, one after another: one for an event without a picture, else one for each chunk,
// all with the event's sequence number. Holds the picture itself, copies a chunk at a time. Not thread-safe.
class EventMessages {
 public:
  EventMessages() = default;  // done
  explicit EventMessages(jobs::Event event);

  bool done() const { return done_; }
  // Not when done. `message` is overwritten.
  void Next(v1::JobEvent* message);

 private:
  jobs::Event event_;
  int64_t offset_ = 0;
  bool done_ = true;
};

}  // namespace impasto::rpc
