// How many threads are worth starting.
#pragma once

namespace impasto {

// As many as the process may run on, at least 1: what the affinity mask says.
int AvailableThreads();

}  // namespace impasto
