// impastod's flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/key_pair.h"
#include "engine/model.h"

namespace impasto::app {

struct Config {
  std::string listen = "127.0.0.1:50451";  // HOST:PORT, port 0: any free one; or unix:PATH
  std::vector<std::string> models;         // empty: every model that has weights
  std::string weights_dir;
  engine::DeviceOptions device;
  bool allow_random_weights = false;
  int64_t max_request_bytes = int64_t{64} << 20;  // of the pictures in one request
  std::optional<KeyPairFiles> tls;                // none: connections aren't encrypted
  std::string token_file;                         // of access tokens; empty: anybody may call
  std::string port_file;                          // the bound port is written there; empty: nowhere

  std::string state_dir;                          // of jobs, results and styles; empty: in memory alone
  int64_t memory_budget = 0;                      // bytes, of all jobs together
  double checkpoint_seconds = 30;                 // between two checkpoints of a job
  double keep_results_seconds = 7 * 86400;        // results older than that are deleted
  int64_t keep_results_bytes = int64_t{4} << 30;  // and the oldest beyond so many bytes
  double orphan_grace_seconds = 120;              // see Job.STATE_ORPHANED
  double drain_seconds = 30;                      // for interactive jobs, once it is told to stop
  int max_jobs_per_client = 64;                   // that haven't ended
};

// What a command line asks for: to run with `config`, or to print `text` and exit.
struct CommandLine {
  Config config;
  bool exit = false;
  int exit_code = 0;  // 0: help or version, for stdout; 2: a usage error, for stderr
  std::string text;
};

// Never fails: a bad flag is a command line that asks for exit 2. Reads IMPASTO_WEIGHTS_DIR, XDG_DATA_HOME
// and HOME.
CommandLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace impasto::app
