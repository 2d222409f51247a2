// Where the plug-in's own files are: those that came with the program, and those that it keeps for its user.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace impasto::gimp {

// The program's prefix ("/usr/local"), where impastod may be installed along with it; "" in a user's own
// plug-in folder.
std::string Prefix();
// Translations: beside the program for a single user, else in the prefix.
std::string LocaleFolder();
// What GIMP's help system opens: as LocaleFolder(), beside the program or in the prefix.
std::string HelpFolder();

// A file or folder of the user's, in ConfigFolder(). UNAVAILABLE as there.
absl::StatusOr<std::string> PreferencesFile();
absl::StatusOr<std::string> WaitingFolder();
absl::StatusOr<std::string> ServerLog();

}  // namespace impasto::gimp
