#include "base/field_error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace impasto {
namespace {
constexpr absl::string_view kFieldPayload = "impasto/field";
}

absl::Status FieldError(absl::string_view field, absl::string_view message, absl::StatusCode code) {
  absl::Status status(code, absl::StrCat(field, ": ", message));
  status.SetPayload(kFieldPayload, absl::Cord(field));
  return status;
}

absl::Status InField(absl::string_view field, const absl::Status& status) {
  if (status.ok()) return status;
  const std::string inner = FieldOf(status);
  absl::Status outer;
  if (inner.empty()) {
    outer = FieldError(field, status.message(), status.code());
  } else {
    const absl::string_view message = status.message().substr(inner.size() + 2);
    // An index belongs to the name before it: "styles" and "[1]" make "styles[1]".
    outer = FieldError(absl::StrCat(field, inner.front() == '[' ? "" : ".", inner), message, status.code());
  }
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) {
    if (key != kFieldPayload) outer.SetPayload(key, value);
  });
  return outer;
}

std::string FieldOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kFieldPayload);
  return payload ? std::string(*payload) : "";
}

}  // namespace impasto
