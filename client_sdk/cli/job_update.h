// From flags to a change of a job.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/jobs_flags.h"
#include "impasto/v1/job.pb.h"

namespace impasto::cli {

struct JobUpdate {
  v1::Job job;  // without its name
  std::vector<std::string> mask;
};

// INVALID_ARGUMENT: nothing is to be changed, or a layer has no weight.
absl::StatusOr<JobUpdate> BuildUpdate(const JobUpdateFlags& flags);

// "priority batch, name \"Sunday\"": what the update does besides the recipe; "" for nothing.
std::string DescribeSettings(const JobUpdate& update);

}  // namespace impasto::cli
