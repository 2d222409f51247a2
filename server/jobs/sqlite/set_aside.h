// What to do with a damaged file: it is kept, out of the way.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace impasto::jobs {

// Renames `path` to `stem`.corrupt-20261231T235959Z (UTC), with a number behind it where that is taken, and
// returns the new path. Of path + suffix, those that are there go along, before it: a crash in between never
// leaves them to its successor.
absl::StatusOr<std::string> SetAside(const std::string& path, const std::string& stem, absl::Time now,
                                     const std::vector<std::string>& suffixes = {});

}  // namespace impasto::jobs
