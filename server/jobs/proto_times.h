// Times as the API's messages have them. Whole nanoseconds.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace impasto::jobs {

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// Seconds, from 0 on.
google::protobuf::Duration ToDuration(double seconds);
double ToSeconds(const google::protobuf::Duration& duration);

}  // namespace impasto::jobs
