#include "rpc/field_checks.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace impasto::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxDisplayName = 200;
constexpr size_t kMaxId = 64;
constexpr int kMaxPreviewSteps = 100'000;
constexpr double kMinPreviewSeconds = 0.1;
constexpr int kMinSide = 16;
constexpr int kMaxSide = 8192;

// Enum values that the API doesn't have, and numbers that are none, in one field of any message.
absl::Status CheckValue(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = repeated ? reflection->GetRepeatedEnumValue(message, field, index)
                                 : reflection->GetEnumValue(message, field);
      if (field->enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(value, " is no value of ", field->enum_type()->name()));
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = repeated ? reflection->GetRepeatedDouble(message, field, index)
                                    : reflection->GetDouble(message, field);
      return std::isnan(value) ? absl::InvalidArgumentError("is not a number") : absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

}  // namespace

// The API's messages don't hold themselves: the depth is bounded.
absl::Status CheckValues(const Message& message) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::Status status;
      if (!is_message) {
        status = CheckValue(message, field, i);
      } else if (field->is_repeated()) {
        status = CheckValues(reflection->GetRepeatedMessage(message, field, i));
      } else {
        status = CheckValues(reflection->GetMessage(message, field));
      }
      if (!status.ok()) {
        return InField(field->is_repeated() ? absl::StrCat(field->name(), "[", i, "]") : field->name(),
                       status);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRange(int64_t value, int64_t least, int64_t most, absl::string_view field) {
  if (value >= least && value <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat(value, " is outside ", least, "..", most));
}

absl::Status CheckDisplayName(absl::string_view text) {
  const std::optional<size_t> length = CountUtf8(text);
  if (!length) return FieldError("display_name", "is not UTF-8");
  if (*length > kMaxDisplayName) {
    return FieldError("display_name", absl::StrCat(*length, " characters are more than ", kMaxDisplayName));
  }
  return absl::OkStatus();
}

absl::Status CheckResourceName(absl::string_view name, absl::string_view collection,
                               absl::string_view field) {
  // A collection's singular: "jobs/{job}".
  const absl::string_view singular = collection.substr(0, collection.size() - 1);
  if (name.empty()) return FieldError(field, absl::StrCat("is required: ", collection, "/{", singular, "}"));
  absl::string_view id = name;
  const bool has_prefix = absl::ConsumePrefix(&id, collection) && absl::ConsumePrefix(&id, "/");
  const bool is_id = !id.empty() && id.size() <= kMaxId && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
  if (has_prefix && is_id) return absl::OkStatus();
  return FieldError(field, absl::StrCat("\"", name, "\" is not of the form ", collection, "/{", singular,
                                        "}, with 1..", kMaxId, " of a-z, 0-9 and \"-\""));
}

absl::Status CheckPreview(const v1::PreviewOptions& preview) {
  IMPASTO_RETURN_IF_ERROR(CheckRange(preview.every_iterations(), 0, kMaxPreviewSteps, "every_iterations"));
  const auto& interval = preview.interval();
  const double seconds = static_cast<double>(interval.seconds()) + interval.nanos() / 1e9;
  const bool is_zero = interval.seconds() == 0 && interval.nanos() == 0;
  if (!is_zero && seconds < kMinPreviewSeconds) {
    return FieldError("interval",
                      absl::StrCat(seconds, " s is neither 0 nor at least ", kMinPreviewSeconds, " s"));
  }
  const int side = preview.max_size();
  if (side != 0 && (side < kMinSide || side > kMaxSide)) {
    return FieldError("max_size",
                      absl::StrCat(side, " is neither 0 nor within ", kMinSide, "..", kMaxSide, " pixels"));
  }
  return absl::OkStatus();
}

}  // namespace impasto::rpc
