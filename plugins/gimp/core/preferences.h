// What is kept from one session to the next, in one file of the user's: the server, the last settings, the
// recent styles.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/settings.h"

namespace impasto::gimp {

inline constexpr int kRecentStyles = 12;

struct Preferences {
  ServerSettings server;
  Settings last;
  std::vector<Style> recent;  // the newest first; files and library styles, at most kRecentStyles

  // Puts it first. Layers aren't kept: they are gone with their image.
  void Remember(const Style& style);
};

// A file that isn't there, or isn't ours, gives the defaults: nobody loses a filter over a preference.
Preferences LoadPreferences(const std::string& path);
// In one move. Errors name the file.
absl::Status SavePreferences(const std::string& path, const Preferences& preferences);

// "$XDG_CONFIG_HOME/impasto", or "~/.config/impasto"; made where it isn't there. All of the plug-in's files
// are in it. UNAVAILABLE, naming it, where it can't be.
absl::StatusOr<std::string> ConfigFolder();

}  // namespace impasto::gimp
