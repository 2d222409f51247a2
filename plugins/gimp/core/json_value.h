// Settings as parts of larger JSON values. For core's own files.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/settings.h"
#include "nlohmann/json.hpp"

namespace impasto::gimp {

// An object, or INVALID_ARGUMENT. Never throws.
absl::StatusOr<nlohmann::json> ParseObject(std::string_view text);
// On one line. Bytes that aren't UTF-8 come out as U+FFFD.
std::string Printed(const nlohmann::json& value);

// Reads members of an object. What isn't there keeps its value; what is of another type or out of range is
// passed over, and remembered.
class MemberReader {
 public:
  explicit MemberReader(const nlohmann::json& object) : object_(object) {}

  void Read(const char* name, std::string* to);
  void Read(const char* name, double* to);
  void Read(const char* name, std::optional<double>* to);
  // Within `least`..`most`.
  void Read(const char* name, int* to, int least = std::numeric_limits<int>::min(),
            int most = std::numeric_limits<int>::max());
  void Read(const char* name, int64_t* to);
  // The place of the member's word in `words`.
  template <class Enum, size_t n>
  void Read(const char* name, const char* const (&words)[n], Enum* to) {
    std::string word;
    Read(name, &word);
    for (size_t i = 0; i < n; ++i) {
      if (word == words[i]) {
        *to = static_cast<Enum>(i);
        return;
      }
    }
    if (object_.contains(name)) {
      Refuse(name);
    }
  }
  // An object, or null where there is none.
  const nlohmann::json* Object(const char* name);

  // INVALID_ARGUMENT: the first member that was passed over.
  const absl::Status& status() const { return status_; }

 private:
  void Refuse(const char* name);
  const nlohmann::json* Find(const char* name) const;

  const nlohmann::json& object_;
  absl::Status status_;
};

nlohmann::json ToValue(const Style& style);
nlohmann::json ToValue(const Settings& settings);
nlohmann::json ToValue(const ServerSettings& server);
// INVALID_ARGUMENT, naming the member.
absl::StatusOr<Style> StyleFromValue(const nlohmann::json& value);
absl::StatusOr<Settings> SettingsFromValue(const nlohmann::json& value);
absl::StatusOr<ServerSettings> ServerFromValue(const nlohmann::json& value);

}  // namespace impasto::gimp
