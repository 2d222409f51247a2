#include "cli/connect.h"

#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"

namespace impasto::cli {

absl::StatusOr<Client> ConnectOrExplain(const ServerFlags& flags) {
  ClientOptions options;
  options.address = flags.server;
  options.client_name = CliClientName();
  options.reattach_timeout = absl::Seconds(flags.reconnect_seconds);
  if (flags.wait_seconds > 0) {
    options.connect_timeout = absl::Seconds(flags.wait_seconds);
    options.wait_for_server = true;
  }
  absl::StatusOr<Client> client = Client::Connect(options);
  if (!client.ok()) {
    std::cerr << "impasto: "
              << Explain(client.status(), flags.server.empty() ? DefaultServerAddress() : flags.server)
              << std::endl;
  }
  return client;
}

int ExitCodeForConnect(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitUnreachable;
}

std::string CliClientName() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char* c = host; *c != '\0'; ++c) {
    hash = (hash ^ static_cast<unsigned char>(*c)) * 16777619u;
  }
  return absl::StrFormat("cli-%d-%08x", geteuid(), hash);
}

}  // namespace impasto::cli
