// What a status says to programs, besides its code and its words: facts, and when to try again.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace impasto {

// Facts are google.rpc.ErrorInfo's metadata: {"budget_bytes", "1073741824"}. Keys are lower_snake_case. OK
// stays OK.
absl::Status WithFact(absl::Status status, absl::string_view key, absl::string_view value);
std::map<std::string, std::string> FactsOf(const absl::Status& status);

// It may work after so many seconds: google.rpc.RetryInfo. OK stays OK.
absl::Status WithRetryAfter(absl::Status status, double seconds);
std::optional<double> RetryAfterOf(const absl::Status& status);

}  // namespace impasto
