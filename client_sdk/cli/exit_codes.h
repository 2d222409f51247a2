// What the program's exit status tells a script.
#pragma once

namespace impasto::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed =
    1;  // the server refused or failed, or an output could not be written after the run
inline constexpr int kExitUsage =
    2;  // the command line, an input file or an output folder is at fault; nothing was started
inline constexpr int kExitUnreachable = 3;  // no server there, or it went away
inline constexpr int kExitInterrupted =
    130;  // Ctrl-C, whether the job was cancelled or left to itself; 143 for SIGTERM, which cancels it

}  // namespace impasto::cli
