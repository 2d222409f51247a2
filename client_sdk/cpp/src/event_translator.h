// From the API's events to the SDK's: pictures are put together, and the protocol is checked.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "impasto/stylize_call.h"
#include "picture_assembler.h"

namespace impasto {

// Follows one job, over all streams that bring its events. Not thread-safe.
class EventTranslator {
 public:
  // Pictures of more than `max_picture_bytes` are refused. `after_event`: as in WatchJobRequest.
  EventTranslator(int64_t max_picture_bytes, int64_t after_event)
      : assembler_(max_picture_bytes), last_event_(after_event) {}

  // nullopt: the event tells the caller nothing (yet). INTERNAL: the server doesn't keep to the protocol.
  absl::StatusOr<std::optional<StylizeEvent>> Add(v1::JobEvent event);

  // The stream broke: a picture that isn't whole comes again from its start.
  void StreamEnded() { assembler_.Drop(); }

  // The last event that was taken whole.
  int64_t last_event() const { return last_event_; }
  bool has_result() const { return has_result_; }
  // How the job ended, once that is known.
  const std::optional<v1::Finished>& finished() const { return finished_; }

 private:
  absl::StatusOr<std::optional<StylizeEvent>> Translate(v1::JobEvent event);
  absl::StatusOr<std::optional<StylizeEvent>> TranslatePreview(v1::Preview preview);
  absl::StatusOr<std::optional<StylizeEvent>> TranslateResult(v1::Result result);

  // Pictures of both kinds come in chunks; the number is that of the picture whose chunks are coming.
  enum class Pending { kPreview, kResult };
  PictureAssembler assembler_;
  Pending pending_kind_ = Pending::kPreview;
  int pending_iteration_ = 0;

  int64_t last_event_;
  bool has_result_ = false;
  std::optional<v1::Finished> finished_;
};

}  // namespace impasto
