#include "jobs/job_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace impasto::jobs {

absl::StatusOr<std::string> JobId(absl::string_view name) {
  constexpr size_t kMostCharacters = 64;
  absl::string_view id = name;
  const bool prefixed = absl::ConsumePrefix(&id, "jobs/");
  const bool fine = std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isdigit(c) || absl::ascii_islower(c) || c == '-';
  });
  if (!prefixed || id.empty() || id.size() > kMostCharacters || !fine) {
    return absl::InvalidArgumentError(absl::StrCat("'", absl::CHexEscape(name.substr(0, 100)),
                                                   "' is no job's name: jobs/ and 1 to ", kMostCharacters,
                                                   " of a-z, 0-9 and -"));
  }
  return std::string(id);
}

}  // namespace impasto::jobs
