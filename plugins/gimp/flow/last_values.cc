#include "flow/last_values.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "flow/own_files.h"
#include "host/host.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {

Preferences LastValues() {
  const absl::StatusOr<std::string> file = PreferencesFile();
  Preferences preferences = file.ok() ? LoadPreferences(*file) : Preferences();
  absl::StatusOr<Settings> of_session = SettingsFromJson(KeptForSession());
  if (of_session.ok()) {
    preferences.last = *std::move(of_session);
  } else if (preferences.last.style.kind == Style::Kind::kDrawable) {
    preferences.last.style = Style();  // GIMP has given its number to another layer since
  }
  return preferences;
}

absl::Status KeepLastValues(const Preferences& preferences) {
  KeepForSession(ToJson(preferences.last));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string file, PreferencesFile());
  return SavePreferences(file, preferences);
}

}  // namespace impasto::gimp
