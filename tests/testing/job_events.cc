#include "tests/testing/job_events.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace impasto::testing {

v1::JobEvent AcceptedEvent(const v1::Recipe& recipe, const std::vector<std::string>& warnings) {
  v1::JobEvent event;
  v1::Accepted& accepted = *event.mutable_accepted();
  accepted.set_job("jobs/1");
  *accepted.mutable_recipe() = recipe;
  accepted.set_width(4);
  accepted.set_height(3);
  for (const std::string& warning : warnings) {
    accepted.add_warnings(warning);
  }
  return event;
}

v1::JobEvent ProgressEvent(int iteration, int iterations, double total, double content, double style,
                           int elapsed_ms) {
  v1::JobEvent event;
  v1::Progress& progress = *event.mutable_progress();
  progress.set_iteration(iteration);
  progress.set_iterations(iterations);
  progress.set_total_loss(total);
  progress.set_content_loss(content);
  progress.set_style_loss(style);
  progress.mutable_elapsed()->set_seconds(elapsed_ms / 1000);
  progress.mutable_elapsed()->set_nanos(elapsed_ms % 1000 * 1000000);
  return event;
}

v1::JobEvent FinishedEvent(v1::Finished::State state) {
  v1::JobEvent event;
  event.mutable_finished()->set_state(state);
  return event;
}

v1::JobEvent ChangedEvent(int iteration, double weight) {
  v1::JobEvent event;
  event.mutable_changed()->set_iteration(iteration);
  event.mutable_changed()->set_style_weight(weight);
  return event;
}

v1::JobEvent StateEvent(v1::Job::State state, int iteration, const std::string& reason) {
  v1::JobEvent event;
  event.mutable_state_changed()->set_state(state);
  event.mutable_state_changed()->set_iteration(iteration);
  event.mutable_state_changed()->set_reason(reason);
  return event;
}

std::vector<v1::JobEvent> Numbered(std::vector<v1::JobEvent> events) {
  int64_t sequence = 0;
  for (v1::JobEvent& event : events) {
    const v1::PictureChunk& chunk = event.has_preview() ? event.preview().chunk() : event.result().chunk();
    sequence += (event.has_preview() || event.has_result()) && chunk.offset() > 0 ? 0 : 1;
    event.set_sequence(sequence);
  }
  return events;
}

std::vector<v1::PictureChunk> Chunks(std::string_view bytes, size_t chunk_bytes, v1::PictureFormat format) {
  std::vector<v1::PictureChunk> chunks;
  for (size_t offset = 0; offset < bytes.size(); offset += chunk_bytes) {
    v1::PictureChunk& chunk = chunks.emplace_back();
    if (offset == 0) {
      chunk.mutable_header()->set_format(format);
      chunk.mutable_header()->set_width(4);
      chunk.mutable_header()->set_height(3);
      chunk.mutable_header()->set_total_bytes(static_cast<int64_t>(bytes.size()));
    }
    chunk.set_offset(static_cast<int64_t>(offset));
    chunk.set_data(std::string(bytes.substr(offset, chunk_bytes)));
  }
  return chunks;
}

v1::JobEvent PreviewEvent(int iteration, const v1::PictureChunk& chunk) {
  v1::JobEvent event;
  event.mutable_preview()->set_iteration(iteration);
  *event.mutable_preview()->mutable_chunk() = chunk;
  return event;
}

v1::JobEvent ResultEvent(int iteration, double total_loss, const v1::PictureChunk& chunk) {
  v1::JobEvent event;
  event.mutable_result()->set_iteration(iteration);
  event.mutable_result()->set_total_loss(total_loss);
  *event.mutable_result()->mutable_chunk() = chunk;
  return event;
}

std::vector<v1::JobEvent> PreviewEvents(int iteration, std::string_view bytes, size_t chunk_bytes,
                                        v1::PictureFormat format) {
  std::vector<v1::JobEvent> events;
  for (const v1::PictureChunk& chunk : Chunks(bytes, chunk_bytes, format)) {
    events.push_back(PreviewEvent(iteration, chunk));
  }
  return events;
}

std::vector<v1::JobEvent> ResultEvents(int iteration, double total_loss, std::string_view bytes,
                                       size_t chunk_bytes, v1::PictureFormat format) {
  std::vector<v1::JobEvent> events;
  for (const v1::PictureChunk& chunk : Chunks(bytes, chunk_bytes, format)) {
    events.push_back(ResultEvent(iteration, total_loss, chunk));
  }
  return events;
}

grpc::Status StatusWithDetails(grpc::StatusCode code, const std::string& message, const std::string& field,
                               const std::string& reason) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field(field);
  bad_request.mutable_field_violations(0)->set_description(message);
  details.add_details()->PackFrom(bad_request);
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason(reason);
  details.add_details()->PackFrom(info);
  return {code, message, details.SerializeAsString()};
}

grpc::Status StatusWithFacts(grpc::StatusCode code, const std::string& message,
                             const std::map<std::string, std::string>& facts, int retry_seconds) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason("TEST");
  info.mutable_metadata()->insert(facts.begin(), facts.end());
  details.add_details()->PackFrom(info);
  if (retry_seconds != 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_seconds);
    details.add_details()->PackFrom(retry);
  }
  return {code, message, details.SerializeAsString()};
}

}  // namespace impasto::testing
