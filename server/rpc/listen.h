// Addresses to listen on, and why one can't be had: gRPC itself only says that it can't.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::rpc {

struct ListenAddress {
  std::string host;  // without the brackets of an IPv6 address; empty for unix
  int port = 0;      // 0: any
  std::string path;  // of a unix socket; else empty

  bool is_unix() const { return !path.empty(); }
  // Nobody but this machine's users reaches it.
  bool is_local() const;
  // As gRPC takes it, for listening and connecting.
  std::string ToString() const;
};

// "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". INVALID_ARGUMENT for anything else.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// OK where the address could be listened on a moment ago. ALREADY_EXISTS: it is taken; PERMISSION_DENIED;
// INVALID_ARGUMENT: no such host; UNAVAILABLE: it isn't this machine's, and the like. A socket file that
// nobody listens on any more is no obstacle.
absl::Status CheckListenAddress(const ListenAddress& address);

}  // namespace impasto::rpc
