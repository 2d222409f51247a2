#include "app/access_files.h"

#include <sys/stat.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

// Ten thousand tokens, with comments.
constexpr int64_t kMaxTokenFile = int64_t{8} << 20;
constexpr absl::Duration kSoon = absl::Hours(7 * 24);

absl::Status WithPrefix(absl::string_view prefix, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

}  // namespace

absl::StatusOr<std::optional<rpc::AccessTokens>> ReadTokenFile(const std::string& path, const Warn& warn) {
  if (path.empty()) return std::nullopt;
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxTokenFile);
  if (!text.ok()) return WithPrefix("--token-file: ", text.status());
  absl::StatusOr<rpc::AccessTokens> tokens = rpc::AccessTokens::Parse(*text);
  if (!tokens.ok()) return WithPrefix(absl::StrCat("--token-file: ", path, ": "), tokens.status());
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    warn(absl::StrCat(path, " can be read by others than its owner: chmod 600 ", path));
  }
  return *std::move(tokens);
}

absl::Status CheckTlsFiles(const std::optional<KeyPairFiles>& files, absl::Time now, const Warn& warn) {
  if (!files.has_value()) return absl::OkStatus();
  const absl::StatusOr<absl::Time> end = CheckKeyPair(*files);
  if (!end.ok()) return WithPrefix("--tls-cert, --tls-key: ", end.status());
  if (*end < now + kSoon) {
    warn(absl::StrCat("the certificate in ", files->certificate, *end < now ? " was" : " is", " valid until ",
                      absl::FormatTime("%Y-%m-%d %H:%M UTC", *end, absl::UTCTimeZone()), " only"));
  }
  return absl::OkStatus();
}

}  // namespace impasto::app
