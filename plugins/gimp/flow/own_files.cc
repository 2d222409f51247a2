#include "flow/own_files.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/preferences.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

namespace fs = std::filesystem;

fs::path OwnFolder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

// A folder beside the program, or, where there is none, below the prefix.
std::string Beside(const char* name, const char* below_prefix) {
  std::error_code error;
  const fs::path beside = OwnFolder() / name;
  return fs::is_directory(beside, error) ? beside.string() : Prefix() + below_prefix;
}

absl::StatusOr<std::string> InConfigFolder(const char* name) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string folder, ConfigFolder());
  return absl::StrCat(folder, "/", name);
}

}  // namespace

std::string Prefix() {
  // GIMP's plug-ins are in PREFIX/lib/gimp/VERSION/plug-ins/NAME, with lib or, on some systems, lib/MACHINE
  // or lib64.
  for (fs::path folder = OwnFolder(); folder.has_relative_path(); folder = folder.parent_path()) {
    if (folder.filename() == "lib" || folder.filename() == "lib64") {
      return folder.parent_path().string();
    }
  }
  return "";
}

std::string LocaleFolder() { return Beside("locale", "/share/locale"); }
std::string HelpFolder() { return Beside("help", "/share/impasto/gimp-help"); }

absl::StatusOr<std::string> PreferencesFile() { return InConfigFolder("gimp.json"); }
absl::StatusOr<std::string> WaitingFolder() { return InConfigFolder("gimp-waiting"); }
absl::StatusOr<std::string> ServerLog() { return InConfigFolder("impastod.log"); }

}  // namespace impasto::gimp
