#include "base/error_details.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace impasto {
namespace {
// Before each fact's key.
constexpr absl::string_view kFactPayload = "impasto/fact/";
constexpr absl::string_view kRetryPayload = "impasto/retry_after";
}  // namespace

absl::Status WithFact(absl::Status status, absl::string_view key, absl::string_view value) {
  status.SetPayload(absl::StrCat(kFactPayload, key), absl::Cord(value));
  return status;
}

std::map<std::string, std::string> FactsOf(const absl::Status& status) {
  std::map<std::string, std::string> facts;
  status.ForEachPayload([&](absl::string_view key, const absl::Cord& value) {
    if (absl::ConsumePrefix(&key, kFactPayload)) facts.emplace(key, std::string(value));
  });
  return facts;
}

absl::Status WithRetryAfter(absl::Status status, double seconds) {
  // 17 digits: the same number comes back.
  status.SetPayload(kRetryPayload, absl::Cord(absl::StrFormat("%.17g", seconds)));
  return status;
}

std::optional<double> RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryPayload);
  double seconds = 0;
  if (!payload || !absl::SimpleAtod(std::string(*payload), &seconds)) return std::nullopt;
  return seconds;
}

}  // namespace impasto
