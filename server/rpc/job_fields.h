// The fields of a job that lists are filtered and sorted by.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "impasto/v1/job.pb.h"

namespace impasto::rpc {

// Text as it is; of the others a number that sorts as they do: an enum's, a time's nanoseconds since 1970, 0
// or 1.
using JobValue = std::variant<int64_t, std::string>;

// Of a time that isn't set.
inline constexpr int64_t kNoTime = INT64_MIN;

struct JobField {
  enum class Kind { kText, kInteger, kBool, kEnum, kTime };

  const char* path;  // in Job: "recipe.model"
  Kind kind;
  JobValue (*value)(const v1::Job& job);
  // kEnum: its names, and what they begin with ("STATE_").
  const google::protobuf::EnumDescriptor* (*enum_type)() = nullptr;
  const char* enum_prefix = "";
};

absl::Span<const JobField> JobFields();
// Null: there is none.
const JobField* FindJobField(absl::string_view path);
// For error messages: "name, state, ...".
std::string JobFieldNames();

}  // namespace impasto::rpc
