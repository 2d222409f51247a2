// impastod's flags.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model.h"

namespace impasto::app {

struct Config {
  std::string listen = "127.0.0.1:50451";  // HOST:PORT, port 0: any free one; or unix:PATH
  std::vector<std::string> models;         // empty: every model that has weights
  std::string weights_dir;
  engine::DeviceOptions device;
  bool allow_random_weights = false;
  int64_t max_request_bytes = int64_t{64} << 20;  // of the pictures in one request
  std::string port_file;                          // the bound port is written there; empty: nowhere
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
