#include "event_translator.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"

namespace impasto {

absl::StatusOr<std::optional<StylizeEvent>> EventTranslator::Add(v1::JobEvent event) {
  const int64_t sequence = event.sequence();
  // A server that sends what is here already, after a break, is passed over. All chunks of a picture have one
  // number, which counts once the picture is whole.
  if (sequence != 0 && sequence <= last_event_) {
    return std::nullopt;
  }
  auto translated = Translate(std::move(event));
  if (translated.ok() && !assembler_.pending()) {
    last_event_ = std::max(last_event_, sequence);
  }
  return translated;
}

absl::StatusOr<std::optional<StylizeEvent>> EventTranslator::Translate(v1::JobEvent event) {
  switch (event.event_case()) {
    case v1::JobEvent::kAccepted:
      return StylizeEvent(std::move(*event.mutable_accepted()));
    case v1::JobEvent::kProgress:
      return StylizeEvent(std::move(*event.mutable_progress()));
    case v1::JobEvent::kPreview:
      return TranslatePreview(std::move(*event.mutable_preview()));
    case v1::JobEvent::kResult:
      return TranslateResult(std::move(*event.mutable_result()));
    case v1::JobEvent::kChanged:
      return StylizeEvent(std::move(*event.mutable_changed()));
    case v1::JobEvent::kStateChanged:
      return StylizeEvent(std::move(*event.mutable_state_changed()));
    case v1::JobEvent::kFinished:
      finished_ = std::move(*event.mutable_finished());
      return std::nullopt;
    case v1::JobEvent::EVENT_NOT_SET:
      break;
  }
  return std::nullopt;  // a later server's event
}

absl::StatusOr<std::optional<StylizeEvent>> EventTranslator::TranslatePreview(v1::Preview preview) {
  if (assembler_.pending() &&
      (pending_kind_ != Pending::kPreview || pending_iteration_ != preview.iteration())) {
    return absl::InternalError(absl::StrCat("the server sent a broken picture: the preview of iteration ",
                                            preview.iteration(), " begins within another picture"));
  }
  pending_kind_ = Pending::kPreview;
  pending_iteration_ = preview.iteration();
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::optional<ReceivedPicture> picture,
                                  assembler_.Add(std::move(*preview.mutable_chunk())));
  if (!picture.has_value()) {
    return std::nullopt;
  }
  return StylizeEvent(PreviewPicture{.iteration = preview.iteration(), .picture = *std::move(picture)});
}

absl::StatusOr<std::optional<StylizeEvent>> EventTranslator::TranslateResult(v1::Result result) {
  if (has_result_) {
    return absl::InternalError("the server sent two results");
  }
  if (assembler_.pending() &&
      (pending_kind_ != Pending::kResult || pending_iteration_ != result.iteration())) {
    return absl::InternalError("the server sent a broken picture: the result begins within another picture");
  }
  pending_kind_ = Pending::kResult;
  pending_iteration_ = result.iteration();
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::optional<ReceivedPicture> picture,
                                  assembler_.Add(std::move(*result.mutable_chunk())));
  if (!picture.has_value()) {
    return std::nullopt;
  }
  has_result_ = true;
  return StylizeEvent(ResultPicture{.iteration = result.iteration(),
                                    .total_loss = result.total_loss(),
                                    .level = result.level(),
                                    .picture = *std::move(picture)});
}

}  // namespace impasto
