// What happens to a job, for programs that read along.
#pragma once

#include <ostream>

#include "absl/status/status.h"
#include "impasto/stylize_call.h"

namespace impasto::cli {

// Writes events as JSON, one object a line, each flushed at once:
//   {"accepted": {...}}, {"progress": {...}}, {"changed": {...}}, {"state_changed": {...}}: the API's
//   messages, names as in the .proto files
//   {"preview": {"iteration": 5, "picture": {"format": "PICTURE_FORMAT_JPEG", "width": 48, ...}}}, and
//   "result" with total_loss and level, too
//   {"connection_lost": {"message": "..."}}
//   {"end": {"code": "INVALID_ARGUMENT", "message": "...", "field": "recipe.style_weight", "reason": "...",
//   "facts": {...}}}: always the last one; wrong usage has none
// Not thread-safe.
class EventLines {
 public:
  // Null: nothing is written.
  explicit EventLines(std::ostream* out) : out_(out) {}

  void Add(const v1::Accepted& accepted) { AddMessage("accepted", accepted); }
  void Add(const v1::Progress& progress) { AddMessage("progress", progress); }
  void Add(const v1::RecipeChange& change) { AddMessage("changed", change); }
  void Add(const v1::StateChanged& change) { AddMessage("state_changed", change); }
  void Add(const PreviewPicture& preview);
  void Add(const ResultPicture& result);
  void Add(const ConnectionLost& lost);
  // How it ended.
  void End(const absl::Status& status);

 private:
  void AddMessage(const char* kind, const google::protobuf::Message& message);

  std::ostream* const out_;
};

}  // namespace impasto::cli
