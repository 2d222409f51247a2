// The files that say who may call: access tokens, the TLS certificate.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/key_pair.h"
#include "rpc/access_tokens.h"

namespace impasto::app {

using Warn = std::function<void(const std::string&)>;

// The tokens of --token-file; none where `path` is empty. Warns of a file that others than its owner can
// read. Errors name flag and file: as rpc::AccessTokens::Parse and ReadFile.
absl::StatusOr<std::optional<rpc::AccessTokens>> ReadTokenFile(const std::string& path, const Warn& warn);

// Warns of a certificate that isn't valid any more at `now`, or only for a week. Errors name flag and file:
// as CheckKeyPair.
absl::Status CheckTlsFiles(const std::optional<KeyPairFiles>& files, absl::Time now, const Warn& warn);

}  // namespace impasto::app
