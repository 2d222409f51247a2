// A job's events and failed calls, as a server sends them, for scripts of tests.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/support/status.h>

#include "impasto/v1/stylization.pb.h"

namespace impasto::testing {

v1::JobEvent AcceptedEvent(const v1::Recipe& recipe = {}, const std::vector<std::string>& warnings = {});
v1::JobEvent ProgressEvent(int iteration, int iterations, double total, double content, double style,
                           int elapsed_ms);
v1::JobEvent FinishedEvent(v1::Finished::State state = v1::Finished::STATE_SUCCEEDED);
// style_weight = `weight` from the step after `iteration` on.
v1::JobEvent ChangedEvent(int iteration, double weight);
v1::JobEvent StateEvent(v1::Job::State state, int iteration, const std::string& reason);
// Numbers the events 1, 2, ...; all chunks of a picture have one number.
std::vector<v1::JobEvent> Numbered(std::vector<v1::JobEvent> events);
// A picture of 4 x 3 pixels whose file is `bytes`, in chunks of `chunk_bytes`.
std::vector<v1::PictureChunk> Chunks(std::string_view bytes, size_t chunk_bytes,
                                     v1::PictureFormat format = v1::PICTURE_FORMAT_PNG);
v1::JobEvent PreviewEvent(int iteration, const v1::PictureChunk& chunk);
v1::JobEvent ResultEvent(int iteration, double total_loss, const v1::PictureChunk& chunk);
std::vector<v1::JobEvent> PreviewEvents(int iteration, std::string_view bytes, size_t chunk_bytes = 1 << 19,
                                        v1::PictureFormat format = v1::PICTURE_FORMAT_JPEG);
std::vector<v1::JobEvent> ResultEvents(int iteration, double total_loss, std::string_view bytes,
                                       size_t chunk_bytes = 1 << 19,
                                       v1::PictureFormat format = v1::PICTURE_FORMAT_PNG);

// A status with google.rpc details: the field at fault, and a reason.
grpc::Status StatusWithDetails(grpc::StatusCode code, const std::string& message, const std::string& field,
                               const std::string& reason);
// With facts, and with a time to try again after unless it is 0.
grpc::Status StatusWithFacts(grpc::StatusCode code, const std::string& message,
                             const std::map<std::string, std::string>& facts, int retry_seconds);

}  // namespace impasto::testing
