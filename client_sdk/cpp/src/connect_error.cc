#include "connect_error.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "status_conversion.h"

namespace impasto {
namespace {

// What an operating system or a server sends where an unencrypted connection isn't wanted.
bool WasClosed(const std::string& words) {
  return absl::StrContains(words, "Socket closed") || absl::StrContains(words, "Connection reset");
}

absl::Status Unreachable(const char* reason, const std::string& words) {
  return WithReason(absl::UnavailableError(words), reason);
}

// gRPC has no codes for these: its words are all that there is, those of 1.51 and, where they differ, newer
// ones.
absl::Status Explained(const ClientOptions& options, const std::string& words) {
  const std::string& address = options.address;
  if (absl::StrContains(words, "DNS resolution failed")) {
    return Unreachable("UNKNOWN_HOST",
                       absl::StrCat("can't reach ", address, ": no host of that name is known"));
  }
  if (absl::StrContains(words, "certificate verify failed")) {
    return Unreachable(
        "CERTIFICATE_NOT_TRUSTED",
        absl::StrCat("can't trust ", address,
                     ": its certificate has expired, or comes from none of the authorities that "
                     "are trusted"));
  }
  if (absl::StrContains(words, "is not in peer certificate")) {
    return Unreachable("CERTIFICATE_OF_ANOTHER",
                       absl::StrCat("can't trust ", address,
                                    ": its certificate is for other names. Use one of those as the address"));
  }
  if (options.tls.has_value() && absl::StrContains(words, "andshake failed")) {
    return Unreachable("NO_TLS_THERE", absl::StrCat("can't reach ", address,
                                                    " with TLS: what listens there doesn't speak it"));
  }
  if (absl::StrContains(words, "Failed parsing HTTP/2") || absl::StrContains(words, "http1.x server")) {
    return Unreachable("NO_GRPC_THERE",
                       absl::StrCat("can't reach ", address, ": what listens there doesn't speak gRPC"));
  }
  if (!options.tls.has_value() && WasClosed(words)) {
    return Unreachable(
        "CLOSED_WITHOUT_TLS",
        absl::StrCat("can't reach ", address,
                     " without TLS: the connection was closed at once. The server may want TLS"));
  }
  if (absl::StrContains(words, "Connection refused") || absl::StrContains(words, "No such file")) {
    return Unreachable("NOBODY_THERE", absl::StrCat("can't reach ", address, ": nobody listens there"));
  }
  return absl::UnavailableError(absl::StrCat("can't reach ", address, ": ", words));
}

}  // namespace

absl::Status CallStatus(const ClientOptions& options, const grpc::Status& grpc_status) {
  const std::string& words = grpc_status.error_message();
  if (grpc_status.error_code() == grpc::StatusCode::UNAVAILABLE && grpc_status.error_details().empty()) {
    // The only addresses that can be empty are those of a channel that gRPC refused to make.
    if (options.tls.has_value() && absl::StartsWith(words, "empty address list")) {
      return absl::InvalidArgumentError("tls.root_certificates: holds certificates that can't be read");
    }
    if (absl::StartsWith(words, "failed to connect to all addresses") ||
        absl::StrContains(words, "DNS resolution failed")) {
      return Explained(options, words);
    }
  }
  return FromGrpcStatus(grpc_status);
}

}  // namespace impasto
