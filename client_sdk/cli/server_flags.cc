#include "cli/server_flags.h"

#include <CLI/CLI.hpp>

namespace impasto::cli {

void AddServerOption(CLI::App* command, ServerFlags* flags) {
  command
      ->add_option(
          "--server", flags->server,
          "Where impastod listens: HOST:PORT or unix:PATH\n(default: $IMPASTO_SERVER, else 127.0.0.1:50451)")
      ->type_name("H:P")
      ->group("Server");
  command->add_flag("--tls", flags->tls, "Encrypt the connection; trust the system's authorities")
      ->group("Server");
  command
      ->add_option(
          "--tls-ca", flags->tls_ca,
          "Encrypt the connection; trust the certificates in this\nPEM file (default: $IMPASTO_TLS_CA)")
      ->type_name("FILE")
      ->group("Server");
  command
      ->add_option("--token-file", flags->token_file,
                   "The access token: the first line of this file\n(default: $IMPASTO_TOKEN)")
      ->type_name("FILE")
      ->group("Server");
}

void AddServerOptions(CLI::App* command, ServerFlags* flags) {
  AddServerOption(command, flags);
  command
      ->add_option("--wait", flags->wait_seconds, "Wait so long for a server that isn't there yet (0..86400)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0).description(""))
      ->group("Server");
}

void AddReconnectOption(CLI::App* command, ServerFlags* flags) {
  command
      ->add_option("--reconnect", flags->reconnect_seconds,
                   "Try so long to come back to the job where the\nconnection breaks (0..86400, default 60)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0).description(""))
      ->group("Server");
}

}  // namespace impasto::cli
