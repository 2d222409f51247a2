// Tells one request from another that has the same request_id.
#pragma once

#include <string>

#include "impasto/v1/stylization.pb.h"

namespace impasto::jobs {

// SHA-256, lower-case hex, of what decides the picture and the job; the same request has the same digest in
// every process. An upload counts as an upload whatever its name: whoever tries again may have had to send it
// again.
std::string RequestDigest(const v1::StylizeRequest& request);

}  // namespace impasto::jobs
