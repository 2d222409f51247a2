#include "cli/units.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace impasto::cli {

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

std::string ShortDuration(double seconds) {
  // Also keeps what a strange server says out of the casts below.
  const double whole = std::isfinite(seconds) ? std::clamp(std::round(seconds), 0.0, 1e9) : 1e9;
  if (whole < 10) {
    return absl::StrFormat("%.1f s", std::isfinite(seconds) ? std::max(seconds, 0.0) : 0.0);
  }
  const auto total = static_cast<int64_t>(whole);
  if (total < 60) {
    return absl::StrCat(total, " s");
  }
  if (total < 3600) {
    return absl::StrCat(total / 60, " min ", total % 60, " s");
  }
  if (total < int64_t{2} * 86400) {
    return absl::StrCat(total / 3600, " h ", total % 3600 / 60, " min");
  }
  return absl::StrCat(total / 86400, " d ", total % 86400 / 3600, " h");
}

std::string ShortTime(const google::protobuf::Timestamp& timestamp, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", TimeOf(timestamp), zone);
}

std::string ShortBytes(int64_t bytes) {
  if (bytes < 1024) {
    return absl::StrCat(bytes, " bytes");
  }
  auto amount = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* const next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (amount < 1000) {
      break;
    }
    amount /= 1024;
    unit = next;
  }
  return absl::StrFormat("%.3g %s", amount, unit);
}

}  // namespace impasto::cli
