#include "jobs/proto_times.h"

#include <algorithm>
#include <cstdint>

namespace impasto::jobs {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

google::protobuf::Duration ToDuration(double seconds) {
  google::protobuf::Duration duration;
  const auto whole = static_cast<int64_t>(seconds);
  duration.set_seconds(whole);
  duration.set_nanos(std::clamp(static_cast<int>((seconds - whole) * 1e9), 0, 999'999'999));
  return duration;
}

double ToSeconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
}

}  // namespace impasto::jobs
