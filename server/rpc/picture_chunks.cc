#include "rpc/picture_chunks.h"

#include <algorithm>
#include <utility>

namespace impasto::rpc {

EventMessages::EventMessages(jobs::Event event) : event_(std::move(event)), done_(false) {}

void EventMessages::Next(v1::JobEvent* message) {
  *message = event_.message;
  if (event_.picture == nullptr) {
    done_ = true;
    return;
  }
  v1::PictureChunk* chunk = message->has_preview() ? message->mutable_preview()->mutable_chunk()
                                                   : message->mutable_result()->mutable_chunk();
  const std::string& data = event_.picture->data;
  const int64_t total = static_cast<int64_t>(data.size());
  const int64_t size = std::min(kMaxChunkBytes, total - offset_);
  if (offset_ == 0) {
    *chunk->mutable_header() = event_.picture->header;
    chunk->mutable_header()->set_total_bytes(total);
  }
  chunk->set_offset(offset_);
  chunk->set_data(data.data() + offset_, size);
  offset_ += size;
  if (offset_ == total) {
    done_ = true;
    event_ = {};  // the last chunk may wait long for its reader; the picture need not
  }
}

}  // namespace impasto::rpc
