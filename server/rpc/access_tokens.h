// Who may call: the server's access tokens.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::rpc {

// Tokens and whose they are. The tokens themselves aren't kept, only what they hash to: what is looked up is
// a hash, and how long that takes says nothing of a token. Immutable, and so thread-safe.
class AccessTokens {
 public:
  static constexpr size_t kMinLength = 16;
  static constexpr size_t kMaxLength = 512;
  static constexpr size_t kMost = 10000;

  // The text of a token file: a line a token, "NAME TOKEN", blank lines and lines that start with # apart.
  // NAME, 1..64 of A-Z a-z 0-9 - _ . @ :, is whose jobs they are; several tokens may have one, so that a new
  // one can be handed out before the old one is withdrawn. TOKEN has 16..512 printable ASCII characters
  // without blanks. INVALID_ARGUMENT, with the line: anything else, a token twice, no token at all, or more
  // than kMost.
  static absl::StatusOr<AccessTokens> Parse(absl::string_view text);

  // Whose it is; nullopt: nobody's.
  std::optional<std::string> NameOf(absl::string_view token) const;

  size_t size() const { return names_.size(); }

 private:
  std::map<std::string, std::string> names_;  // by the token's SHA-256
};

}  // namespace impasto::rpc
