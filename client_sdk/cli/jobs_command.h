// `impasto jobs`.
#pragma once

#include "cli/interrupt.h"
#include "cli/jobs_flags.h"

namespace impasto::cli {

// Returns the program's exit status.
int RunJobs(const JobsFlags& flags, InterruptWatcher* interrupts);

}  // namespace impasto::cli
