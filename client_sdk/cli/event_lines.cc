#include "cli/event_lines.h"

#include <string>

#include <nlohmann/json.hpp>

#include "absl/strings/string_view.h"
#include "cli/json.h"
#include "impasto/error.h"

namespace impasto::cli {
namespace {

using Json = nlohmann::ordered_json;

// In one line. What isn't UTF-8, as a foreign program's message may be, is replaced.
void Write(const char* kind, Json content, std::ostream* out) {
  *out << Json{{kind, std::move(content)}}.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

Json ToObject(const google::protobuf::Message& message) { return Json::parse(ToJson(message)); }

std::string Text(absl::string_view text) { return std::string(text); }

}  // namespace

void EventLines::AddMessage(const char* kind, const google::protobuf::Message& message) {
  if (out_ != nullptr) Write(kind, ToObject(message), out_);
}

void EventLines::Add(const PreviewPicture& preview) {
  if (out_ == nullptr) return;
  Write("preview", {{"iteration", preview.iteration}, {"picture", ToObject(preview.picture.header)}}, out_);
}

void EventLines::Add(const ResultPicture& result) {
  if (out_ == nullptr) return;
  Write("result",
        {{"iteration", result.iteration},
         {"total_loss", result.total_loss},
         {"level", result.level},
         {"picture", ToObject(result.picture.header)}},
        out_);
}

void EventLines::Add(const ConnectionLost& lost) {
  if (out_ != nullptr) Write("connection_lost", {{"message", Text(lost.status.message())}}, out_);
}

void EventLines::End(const absl::Status& status) {
  if (out_ == nullptr) return;
  Write("end",
        {{"code", absl::StatusCodeToString(status.code())},
         {"message", Text(status.message())},
         {"field", ErrorField(status)},
         {"reason", ErrorReason(status)},
         {"facts", ErrorFacts(status)}},
        out_);
}

}  // namespace impasto::cli
