// The files that all benches write.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace impasto::bench {

// Nothing for an empty path.
inline absl::Status WriteJsonFile(const std::string& path, const nlohmann::ordered_json& json) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream out(path);
  out << json.dump(2) << "\n";
  out.close();
  return out ? absl::OkStatus() : absl::FailedPreconditionError(absl::StrCat("can't write ", path));
}

}  // namespace impasto::bench
