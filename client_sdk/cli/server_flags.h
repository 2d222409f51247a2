// Options that every command has.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace impasto::cli {

struct ServerFlags {
  std::string server;  // empty: the SDK's default
  bool tls = false;    // with the system's roots
  std::string tls_ca;  // a file of roots; turns TLS on
  std::string token_file;
  double wait_seconds = 0;        // for a server that isn't there yet
  double reconnect_seconds = 60;  // for one that went away while a job was watched
};

// --server, --tls, --tls-ca and --token-file.
void AddServerOption(CLI::App* command, ServerFlags* flags);
// These and --wait.
void AddServerOptions(CLI::App* command, ServerFlags* flags);
// For commands that watch a job.
void AddReconnectOption(CLI::App* command, ServerFlags* flags);

}  // namespace impasto::cli
