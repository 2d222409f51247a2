// Jobs, for people.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "impasto/v1/job.pb.h"

namespace impasto::cli {

// "running".
std::string StateName(v1::Job::State state);
// "interactive".
std::string PriorityName(v1::Priority priority);
// It makes no more steps.
bool HasEnded(const v1::Job& job);

// A table, a line a job.
void PrintJobs(const std::vector<v1::Job>& jobs, absl::Time now, std::ostream* out);
// All that is known of one, its recipe and what was changed.
void PrintJob(const v1::Job& job, absl::TimeZone zone, std::ostream* out);

}  // namespace impasto::cli
