#include "jobs/sqlite/set_aside.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() != std::filesystem::file_type::not_found;
}

absl::Status Rename(const std::string& from, const std::string& to) {
  return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : FileError(errno, from, "set aside");
}

}  // namespace

absl::StatusOr<std::string> SetAside(const std::string& path, const std::string& stem, absl::Time now,
                                     const std::vector<std::string>& suffixes) {
  const std::string wanted =
      absl::StrCat(stem, ".corrupt-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  std::string aside = wanted;
  for (int number = 2; Exists(aside); ++number) aside = absl::StrCat(wanted, "-", number);
  for (const std::string& suffix : suffixes) {
    if (Exists(path + suffix)) IMPASTO_RETURN_IF_ERROR(Rename(path + suffix, aside + suffix));
  }
  IMPASTO_RETURN_IF_ERROR(Rename(path, aside));
  IMPASTO_RETURN_IF_ERROR(SyncDirectory(DirectoryOf(path)));
  return aside;
}

}  // namespace impasto::jobs
