#include "core/preferences.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "core/files.h"
#include "core/json_value.h"
#include "core/text.h"

namespace impasto::gimp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxBytes = int64_t{1} << 20;

bool IsKept(const Style& style) {
  return style.kind == Style::Kind::kFile || style.kind == Style::Kind::kLibrary;
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

void Preferences::Remember(const Style& style) {
  if (!IsKept(style)) {
    return;
  }
  recent.erase(std::remove(recent.begin(), recent.end(), style), recent.end());
  recent.insert(recent.begin(), style);
  if (recent.size() > kRecentStyles) {
    recent.resize(kRecentStyles);
  }
}

Preferences LoadPreferences(const std::string& path) {
  Preferences preferences;
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxBytes);
  const absl::StatusOr<nlohmann::json> value = text.ok() ? ParseObject(*text) : text.status();
  if (!value.ok()) {
    return preferences;
  }
  // Each part for itself: what a newer version has written differently costs that part alone.
  MemberReader reader(*value);
  if (const nlohmann::json* const server = reader.Object("server"); server != nullptr) {
    preferences.server = ServerFromValue(*server).value_or(ServerSettings());
  }
  if (const nlohmann::json* const last = reader.Object("last"); last != nullptr) {
    preferences.last = SettingsFromValue(*last).value_or(Settings());
  }
  const auto recent = value->find("recent");
  if (recent != value->end() && recent->is_array()) {
    // From the oldest on, as they were used.
    for (auto style = recent->rbegin(); style != recent->rend(); ++style) {
      if (style->is_object()) {
        preferences.Remember(StyleFromValue(*style).value_or(Style()));
      }
    }
  }
  return preferences;
}

absl::Status SavePreferences(const std::string& path, const Preferences& preferences) {
  nlohmann::json recent = nlohmann::json::array();
  for (const Style& style : preferences.recent) {
    recent.push_back(ToValue(style));
  }
  const nlohmann::json value = {{"server", ToValue(preferences.server)},
                                {"last", ToValue(preferences.last)},
                                {"recent", std::move(recent)}};
  return WriteFile(path, Printed(value) + "\n");
}

absl::StatusOr<std::string> ConfigFolder() {
  fs::path base = Environment("XDG_CONFIG_HOME");
  // As the XDG Base Directory Specification has it: a relative one is no one's.
  if (!base.is_absolute()) {
    base = Environment("HOME");
    if (!base.is_absolute()) {
      return absl::UnavailableError(
          _("There is no folder for settings: neither HOME nor XDG_CONFIG_HOME names one."));
    }
    base /= ".config";
  }
  const fs::path folder = base / "impasto";
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error)) {
    return absl::UnavailableError(absl::Substitute(_("The folder $0 can't be made: $1"), folder.string(),
                                                   error ? error.message() : ""));
  }
  if (made) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return folder.string();
}

}  // namespace impasto::gimp
