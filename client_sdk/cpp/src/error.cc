#include "impasto/error.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"

namespace impasto {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com/";

template <class Detail>
absl::optional<Detail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload =
      status.GetPayload(absl::StrCat(kTypePrefix, Detail::descriptor()->full_name()));
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return absl::nullopt;
  }
  return detail;
}

}  // namespace

std::string ErrorField(const absl::Status& status) {
  const auto detail = DetailOf<google::rpc::BadRequest>(status);
  if (!detail.has_value() || detail->field_violations().empty()) {
    return "";
  }
  return detail->field_violations(0).field();
}

std::string ErrorReason(const absl::Status& status) {
  const auto detail = DetailOf<google::rpc::ErrorInfo>(status);
  return detail.has_value() ? detail->reason() : "";
}

std::map<std::string, std::string> ErrorFacts(const absl::Status& status) {
  const auto detail = DetailOf<google::rpc::ErrorInfo>(status);
  return detail.has_value()
             ? std::map<std::string, std::string>(detail->metadata().begin(), detail->metadata().end())
             : std::map<std::string, std::string>();
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto detail = DetailOf<google::rpc::RetryInfo>(status);
  if (!detail.has_value() || !detail->has_retry_delay()) {
    return std::nullopt;
  }
  const auto& delay = detail->retry_delay();
  return std::max(absl::ZeroDuration(), absl::Seconds(delay.seconds()) + absl::Nanoseconds(delay.nanos()));
}

}  // namespace impasto
