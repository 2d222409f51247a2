// `impasto`: paints pictures on an Impasto server.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/jobs_command.h"
#include "cli/jobs_flags.h"
#include "cli/models_command.h"
#include "cli/server_command.h"
#include "cli/styles_command.h"
#include "cli/stylize_command.h"
#include "cli/stylize_flags.h"
#include "impasto/version.h"

namespace {

using impasto::cli::JobsFlags;
using impasto::cli::ModelsFlags;
using impasto::cli::ServerCommandFlags;
using impasto::cli::StylesFlags;
using impasto::cli::StylizeFlags;

constexpr char kFooter[] = R"(
Exit status: 0 done; 1 the server refused or failed; 2 wrong usage; 3 the server
can't be reached; 130 cancelled with Ctrl-C, or detached with it where there is a
terminal to ask (a second Ctrl-C cancels and leaves at once).)";

constexpr char kStylizeFooter[] = R"(
Examples:
  impasto stylize photo.jpg painting.jpg -o painted.png
  impasto stylize photo.jpg painting.jpg -o painted.png --preset reference \
      --model resnet50 --iterations 300 --loss-csv losses.csv
  impasto stylize photo.jpg a.jpg b.jpg -o mixed.jpg \
      --style-picture-weight 2 --style-picture-weight 1
  impasto stylize photo.jpg styles/3f2a90c1 --detach --priority batch
)";

CLI::App* AddModelCommand(CLI::App* models, const std::string& name, const std::string& help,
                          ModelsFlags* flags) {
  CLI::App* const command = models->add_subcommand(name, help);
  command->add_option("NAME", flags->name, "vgg19, vgg16, resnet50, ...")->required();
  impasto::cli::AddServerOptions(command, flags);
  return command;
}

int Run(int argc, char** argv, impasto::cli::InterruptWatcher* interrupts) {
  const std::string version = "impasto " + std::string(impasto::ClientVersion());
  CLI::App app("impasto: a photograph in the manner of a painting, by an Impasto server (impastod).",
               "impasto");
  app.get_formatter()->column_width(36);
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.footer(kFooter);

  StylizeFlags stylize_flags;
  CLI::App* const stylize = app.add_subcommand("stylize", "Paint CONTENT in the manner of STYLE");
  impasto::cli::AddStylizeOptions(stylize, &stylize_flags);
  stylize->footer(std::string(kStylizeFooter) + kFooter);

  JobsFlags jobs_flags;
  CLI::App* const jobs = impasto::cli::AddJobsCommands(&app, &jobs_flags);
  StylesFlags styles_flags;
  CLI::App* const styles = impasto::cli::AddStylesCommands(&app, &styles_flags);

  ModelsFlags models_flags;
  CLI::App* const models = app.add_subcommand("models", "The server's models: list, show, load, unload");
  models->require_subcommand(1);
  CLI::App* const list = models->add_subcommand("list", "All models, and which can be used");
  impasto::cli::AddServerOptions(list, &models_flags);
  CLI::App* const show = AddModelCommand(
      models, "show", "One model: its layers, its weights' origin, its default recipe", &models_flags);
  CLI::App* const load =
      AddModelCommand(models, "load", "Load a model from the server's weights folder", &models_flags);
  CLI::App* const unload = AddModelCommand(models, "unload", "Free a model's memory", &models_flags);

  ServerCommandFlags server_flags;
  CLI::App* const server = impasto::cli::AddServerCommands(&app, &server_flags);

  CLI::App* const version_command = app.add_subcommand("version", "Print the version");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way too, as successes.
    return app.exit(error) == 0 ? impasto::cli::kExitOk : impasto::cli::kExitUsage;
  }
  if (version_command->parsed()) {
    std::cout << version << std::endl;
    return impasto::cli::kExitOk;
  }
  if (stylize->parsed()) {
    return impasto::cli::RunStylize(stylize_flags, interrupts);
  }
  if (jobs->parsed()) {
    return impasto::cli::RunJobs(jobs_flags, interrupts);
  }
  if (styles->parsed()) {
    return impasto::cli::RunStyles(styles_flags);
  }
  if (server->parsed()) {
    return impasto::cli::RunServerInfo(server_flags);
  }
  if (list->parsed()) {
    return impasto::cli::RunModelsList(models_flags);
  }
  if (show->parsed()) {
    return impasto::cli::RunModelsShow(models_flags);
  }
  if (load->parsed()) {
    return impasto::cli::RunModelsLoad(models_flags);
  }
  return unload->parsed() ? impasto::cli::RunModelsUnload(models_flags) : impasto::cli::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  // Whoever reads our output may go away (`impasto ... | head`); the picture is to be written all the same.
  std::signal(SIGPIPE, SIG_IGN);
  // What gRPC logs of a connection that can't be made, our own words say better.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  impasto::cli::InterruptWatcher interrupts;
  return Run(argc, argv, &interrupts);
}
