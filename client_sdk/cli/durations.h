// google.protobuf.Duration as a number.
#pragma once

#include "google/protobuf/duration.pb.h"

namespace impasto::cli {

inline double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
}

}  // namespace impasto::cli
