// Times, durations and sizes, for people.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace impasto::cli {

inline double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
}

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp);

// "38 s", "4 min 10 s", "2 h 5 min", "3 d 4 h".
std::string ShortDuration(double seconds);

// "2026-01-31 08:05:00", in `zone`.
std::string ShortTime(const google::protobuf::Timestamp& timestamp, absl::TimeZone zone);

// "512 bytes", "12.5 KiB", "3.21 GiB".
std::string ShortBytes(int64_t bytes);

}  // namespace impasto::cli
