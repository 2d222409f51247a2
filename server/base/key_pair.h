// A server's certificate and its private key.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace impasto {

// Paths of PEM files.
struct KeyPairFiles {
  std::string certificate;  // the server's own first, then those that vouch for it
  std::string key;          // without a pass phrase
};

// Until when the certificate is valid. Errors name the file: INVALID_ARGUMENT: it holds no PEM certificate or
// key, needs a pass phrase, or the key isn't the certificate's; RESOURCE_EXHAUSTED: it is larger than 1 MiB;
// NOT_FOUND, PERMISSION_DENIED and the like: it can't be read.
absl::StatusOr<absl::Time> CheckKeyPair(const KeyPairFiles& files);

}  // namespace impasto
