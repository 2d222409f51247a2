#include "cli/json.h"

#include <memory>

#include "google/protobuf/util/json_util.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {
namespace {

bool Print(const google::protobuf::Message& message, std::string* json) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  json->clear();
  return google::protobuf::util::MessageToJsonString(message, json, options).ok();
}

void DropDetails(v1::Job* job) {
  if (job->has_error()) {
    job->mutable_error()->clear_details();
  }
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  if (Print(message, &json)) {
    return json;
  }
  // Printing fails for a google.protobuf.Any of an unknown type alone, and only a job's error has those.
  const std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  if (auto* const job = dynamic_cast<v1::Job*>(copy.get())) {
    DropDetails(job);
  } else if (auto* const list = dynamic_cast<v1::ListJobsResponse*>(copy.get())) {
    for (v1::Job& listed : *list->mutable_jobs()) {
      DropDetails(&listed);
    }
  }
  Print(*copy, &json);
  return json;
}

}  // namespace impasto::cli
