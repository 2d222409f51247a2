#include "cli/connect.h"

#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {

namespace {

// A file that a flag names. That it can't be read is wrong usage.
absl::StatusOr<std::string> OfFlag(const char* flag, absl::StatusOr<std::string> text) {
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": ", text.status().message()));
  }
  return text;
}

absl::StatusOr<Client> Connect(const ServerFlags& flags) {
  ClientOptions options;
  options.address = flags.server;
  if (flags.tls) {
    options.tls.emplace();
  }
  if (!flags.tls_ca.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(options.tls.emplace().root_certificates,
                                    OfFlag("--tls-ca", RootCertificatesFromFile(flags.tls_ca)));
  }
  if (!flags.token_file.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(options.token, OfFlag("--token-file", TokenFromFile(flags.token_file)));
  }
  options.client_name = CliClientName();
  options.reattach_timeout = absl::Seconds(flags.reconnect_seconds);
  if (flags.wait_seconds > 0) {
    options.connect_timeout = absl::Seconds(flags.wait_seconds);
    options.wait_for_server = true;
  }
  return Client::Connect(std::move(options));
}

}  // namespace

absl::StatusOr<Client> ConnectOrExplain(const ServerFlags& flags) {
  absl::StatusOr<Client> client = Connect(flags);
  if (!client.ok()) {
    std::cerr << "impasto: "
              << Explain(client.status(), flags.server.empty() ? DefaultServerAddress() : flags.server)
              << std::endl;
  }
  return client;
}

int ExitCodeForConnect(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? kExitUsage : ExitCodeFor(status);
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
