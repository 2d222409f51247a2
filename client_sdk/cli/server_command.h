// `impasto server`.
#pragma once

#include <ostream>
#include <string>

#include "cli/server_flags.h"
#include "impasto/v1/server.pb.h"

namespace CLI {
class App;
}

namespace impasto::cli {

struct ServerCommandFlags : ServerFlags {
  bool json = false;
};

// Defines `server` and what is below it; parsing fills `flags`, which has to outlive it.
CLI::App* AddServerCommands(CLI::App* app, ServerCommandFlags* flags);

// Returns the program's exit status.
int RunServerInfo(const ServerCommandFlags& flags);

void PrintServerInfo(const v1::ServerInfo& info, const std::string& address, std::ostream* out);

}  // namespace impasto::cli
