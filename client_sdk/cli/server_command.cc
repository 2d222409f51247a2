#include "cli/server_command.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/connect.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"

namespace impasto::cli {

CLI::App* AddServerCommands(CLI::App* app, ServerCommandFlags* flags) {
  CLI::App* const server = app->add_subcommand("server", "The server: info");
  server->require_subcommand(1);
  CLI::App* const info =
      server->add_subcommand("info", "Its version, what it takes, and who it takes you for");
  AddServerOptions(info, flags);
  info->add_flag("--json", flags->json, "As JSON: an impasto.v1.ServerInfo");
  return server;
}

int RunServerInfo(const ServerCommandFlags& flags) {
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    return ExitCodeForConnect(client.status());
  }
  if (flags.json) {
    std::cout << ToJson(client->server_info());
  } else {
    PrintServerInfo(client->server_info(), client->address(), &std::cout);
  }
  std::cout.flush();
  return kExitOk;
}

void PrintServerInfo(const v1::ServerInfo& info, const std::string& address, std::ostream* out) {
  PrintTable({{"address", address},
              {"version", OrDash(info.version())},
              {"API", absl::StrCat("revision ", info.api_revision(), ", for clients of ",
                                   info.min_client_revision(), " and later")},
              {"access", info.requires_token() ? "with a token; you see your own jobs" : "for everybody"},
              {"you are", OrDash(info.client())},
              {"request", absl::StrCat("up to ", ShortBytes(info.max_request_bytes()),
                                       " of pictures; larger ones are uploaded")},
              {"picture", absl::StrCat("up to ", ShortBytes(info.max_picture_bytes()))}},
             out);
}

}  // namespace impasto::cli
