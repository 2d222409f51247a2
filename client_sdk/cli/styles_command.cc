#include "cli/styles_command.h"

#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/atomic_file.h"
#include "cli/connect.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"
#include "impasto/client.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

namespace fs = std::filesystem;

int Failed(const absl::Status& status, const Client& client) {
  std::cerr << "impasto: " << Explain(status, client.address()) << std::endl;
  return ExitCodeFor(status);
}

int UsageError(const absl::Status& status) {
  std::cerr << "impasto: " << status.message() << std::endl;
  return kExitUsage;
}

int Add(const Client& client, v1::Picture picture, const std::string& name) {
  const absl::StatusOr<v1::Style> style = client.CreateStyle(std::move(picture), name);
  if (!style.ok()) {
    return Failed(style.status(), client);
  }
  std::cout << style->name() << std::endl;
  return kExitOk;
}

// `<id>.jpg` for each.
absl::Status WriteThumbnails(const std::vector<v1::Style>& styles, const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(folder, ": ", error.message()));
  }
  for (const v1::Style& style : styles) {
    const std::string path = (fs::path(folder) / absl::StrCat(ShortName(style.name()), ".jpg")).string();
    IMPASTO_CLIENT_RETURN_IF_ERROR(WriteFileAtomically(path, style.thumbnail()));
  }
  return absl::OkStatus();
}

int List(const Client& client, const StylesFlags& flags) {
  const absl::StatusOr<std::vector<v1::Style>> styles = client.ListStyles();
  if (!styles.ok()) {
    return Failed(styles.status(), client);
  }
  if (flags.json) {
    v1::ListStylesResponse response;
    response.mutable_styles()->Assign(styles->begin(), styles->end());
    std::cout << ToJson(response);
  } else if (flags.inline_pictures) {
    for (const v1::Style& style : *styles) {
      std::cout << ShortName(style.name()) << "  " << style.display_name() << "\n"
                << InlinePicture(style.thumbnail());
    }
  } else {
    PrintStyles(*styles, absl::Now(), &std::cout);
  }
  std::cout.flush();
  if (!flags.thumbnails.empty()) {
    if (const absl::Status written = WriteThumbnails(*styles, flags.thumbnails); !written.ok()) {
      std::cerr << "impasto: can't write " << written.message() << std::endl;
      return kExitFailed;
    }
  }
  return kExitOk;
}

int Show(const Client& client, const StylesFlags& flags) {
  const absl::StatusOr<v1::Style> style = client.GetStyle(flags.styles.front());
  if (!style.ok()) {
    return Failed(style.status(), client);
  }
  const absl::TimeZone zone = absl::LocalTimeZone();
  std::vector<Row> facts = {{"style", style->name()},
                            {"name", OrDash(style->display_name())},
                            {"size", absl::StrCat(style->width(), "x", style->height())},
                            {"file", ShortBytes(style->size_bytes())},
                            {"sha256", OrDash(style->sha256())},
                            {"added", ShortTime(style->create_time(), zone)}};
  if (style->has_last_use_time()) {
    facts.push_back({"last used", ShortTime(style->last_use_time(), zone)});
  }
  PrintTable(facts, &std::cout);
  std::cout.flush();
  return kExitOk;
}

// Each of the styles, also after one that failed. The exit status is the first failure's.
int Remove(const Client& client, const StylesFlags& flags) {
  int exit_code = kExitOk;
  for (const std::string& name : flags.styles) {
    if (const absl::Status status = client.DeleteStyle(name); !status.ok()) {
      const int code = Failed(status, client);
      exit_code = exit_code == kExitOk ? code : exit_code;
      continue;
    }
    std::cout << "styles/" << ShortName(name) << ": removed" << std::endl;
  }
  return exit_code;
}

}  // namespace

CLI::App* AddStylesCommands(CLI::App* app, StylesFlags* flags) {
  CLI::App* const styles =
      app->add_subcommand("styles", "Style pictures that the server keeps: add, list, show, rm");
  styles->require_subcommand(1);
  const auto add_command = [styles, flags](const std::string& name, const std::string& help) {
    CLI::App* const command = styles->add_subcommand(name, help);
    command->callback([flags, name] { flags->command = name; });
    AddServerOptions(command, flags);
    return command;
  };
  CLI::App* const add = add_command("add", "Keep a style picture; prints its name, for `impasto stylize`");
  add->add_option("FILE", flags->file, "The painting: PNG, JPEG, WebP or TIFF")->type_name("")->required();
  add->add_option("--name", flags->name, "For people, up to 200 characters")->type_name("TEXT");

  CLI::App* const list = add_command("list", "All styles, the newest first");
  list->add_flag("--json", flags->json, "As JSON: an impasto.v1.ListStylesResponse, with thumbnails");
  list->add_option("--thumbnails", flags->thumbnails,
                   "Write each one's thumbnail there, as ID.jpg; made if missing")
      ->type_name("DIR");
  list->add_flag("--inline", flags->inline_pictures,
                 "Show them, on a terminal that knows iTerm2's inline pictures\n(iTerm2, WezTerm, Konsole)");

  add_command("show", "One style")
      ->add_option("STYLE", flags->styles, "styles/ID or ID")
      ->type_name("")
      ->required()
      ->expected(1);
  add_command("rm", "Forget styles; jobs that use them go on")
      ->add_option("STYLE", flags->styles, "styles/ID or ID")
      ->type_name("")
      ->required();
  return styles;
}

int RunStyles(const StylesFlags& flags) {
  v1::Picture picture;
  if (flags.command == "add") {
    absl::StatusOr<v1::Picture> read = PictureFromFile(flags.file);
    if (!read.ok()) {
      return UsageError(read.status());
    }
    picture = *std::move(read);
  }
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    return ExitCodeForConnect(client.status());
  }
  if (flags.command == "add") {
    return Add(*client, std::move(picture), flags.name);
  }
  if (flags.command == "list") {
    return List(*client, flags);
  }
  return flags.command == "show" ? Show(*client, flags) : Remove(*client, flags);
}

void PrintStyles(const std::vector<v1::Style>& styles, absl::Time now, std::ostream* out) {
  std::vector<Row> rows = {{"STYLE", "SIZE", "FILE", "AGE", "LAST USED", "NAME"}};
  for (const v1::Style& style : styles) {
    rows.push_back(
        {ShortName(style.name()), absl::StrCat(style.width(), "x", style.height()),
         ShortBytes(style.size_bytes()),
         ShortDuration(absl::ToDoubleSeconds(now - TimeOf(style.create_time()))),
         style.has_last_use_time()
             ? absl::StrCat(ShortDuration(absl::ToDoubleSeconds(now - TimeOf(style.last_use_time()))), " ago")
             : "-",
         style.display_name()});
  }
  PrintTable(rows, out);
}

std::string InlinePicture(const std::string& file) {
  std::string base64;
  absl::Base64Escape(file, &base64);
  return absl::StrCat("\x1b]1337;File=inline=1;size=", file.size(), ":", base64, "\x07\n");
}

}  // namespace impasto::cli
