// The fault matrix: what may happen to a call, and what each side sees then.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/fault_bench.h"

namespace impasto::testing {

// In the words of docs/faults.md.
struct Seen {
  std::string client;
  std::string server;
  std::string job;
};

// Where a cell's server comes from.
enum class Where {
  kAnyServer,  // any that runs; it serves on, and the cell can be run on it again and again
  kOwnServer,
  kSmallDisk,   // its own server, with its state on the small disk
  kSilentWire,  // its own server, and half a minute until each side notices
};

struct FaultCell {
  const char* call;  // "unary": UpdateJob, which answers once the change is on disk; "stream": Stylize
  const char* fault;
  Where where;
  Seen expected;
  Seen (*run)(FaultServer& server);
};

const std::vector<FaultCell>& FaultCells();

}  // namespace impasto::testing
