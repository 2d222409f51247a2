// impastod from its flags to its exit code.
#pragma once

namespace impasto::app {

// All of impastod: parses the flags, runs until SIGTERM or SIGINT, and returns the exit code: 0 after a clean
// stop or for help; 1 where the start failed; 2 for a usage error. A second signal ends the process at once.
int Main(int argc, const char* const* argv);

}  // namespace impasto::app
