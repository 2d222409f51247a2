// `impasto stylize`.
#pragma once

#include "cli/interrupt.h"
#include "cli/stylize_flags.h"

namespace impasto::cli {

// Runs one job and writes its files. Returns the program's exit status.
int RunStylize(const StylizeFlags& flags, InterruptWatcher* interrupts);

}  // namespace impasto::cli
