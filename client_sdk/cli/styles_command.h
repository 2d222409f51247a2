// `impasto styles`.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/server_flags.h"
#include "impasto/v1/styles.pb.h"

namespace CLI {
class App;
}

namespace impasto::cli {

struct StylesFlags : ServerFlags {
  std::string command;  // add, list, show, rm
  std::string file;
  std::string name;
  std::vector<std::string> styles;
  std::string thumbnails;  // a folder
  bool inline_pictures = false;
  bool json = false;
};

// Defines `styles` and what is below it; parsing fills `flags`, which has to outlive it.
CLI::App* AddStylesCommands(CLI::App* app, StylesFlags* flags);

// Returns the program's exit status.
int RunStyles(const StylesFlags& flags);

// A table, a line a style.
void PrintStyles(const std::vector<v1::Style>& styles, absl::Time now, std::ostream* out);
// A picture file as iTerm2's terminals (and WezTerm, Konsole, ...) show it, with a line's end.
std::string InlinePicture(const std::string& file);

}  // namespace impasto::cli
