// How a client connects to a server, and how patient it is. Plain values: copy them as you like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace impasto {

struct TlsOptions {
  // PEM of the certificates that are trusted, one or more. Empty: the system's.
  std::string root_certificates;
  // The name that the server's certificate has to have. Empty: the address's host. For tunnels and tests.
  std::string server_name;
};

struct ClientOptions {
  // "HOST:PORT", "[IPv6]:PORT" or "unix:PATH". Empty: the environment variable IMPASTO_SERVER, and without
  // that 127.0.0.1:50451.
  std::string address;
  // How long connecting waits for the server's first answer; above zero.
  absl::Duration connect_timeout = absl::Seconds(5);
  // Connecting waits for a server that isn't there yet, for as long as connect_timeout allows. Otherwise it
  // fails as soon as it knows.
  bool wait_for_server = false;
  // A connection with a call on it is tried after so long without a word from the server, and given up 20 s
  // later. 10 s to 24 h.
  absl::Duration keepalive = absl::Seconds(30);
  // Larger pictures of a request are uploaded first, and named in it.
  int64_t max_inline_picture_bytes = int64_t{32} << 20;
  // So are the largest of a request beyond this, or beyond what the server says that it takes.
  int64_t max_request_bytes = int64_t{60} << 20;
  // A larger picture from the server is refused.
  int64_t max_received_picture_bytes = int64_t{1} << 30;
  // For how long a StylizeCall whose connection broke tries to attach to its job again. 0: not at all.
  absl::Duration reattach_timeout = absl::Seconds(60);
  // What this client calls itself: a server shares its device fairly between clients of different names, and
  // one's request_ids are its own. Up to 64 of A-Z a-z 0-9 - _ . @ :. Empty: the server goes by the address
  // that the call comes from. With a token, the server goes by the token's name.
  std::string client_name;
  // Encrypts the connection. Not set: it is encrypted where the environment variable IMPASTO_TLS_CA names a
  // file of trusted certificates, else not.
  std::optional<TlsOptions> tls;
  // The access token that the server wants, printable ASCII without blanks. Empty: the environment variable
  // IMPASTO_TOKEN. It is sent with every call, and never over a connection that isn't encrypted to anywhere
  // but this machine (127.0.0.0/8, [::1], localhost, unix:).
  std::string token;
  // The deadline of a short call: above zero. Calls that carry pictures and those that load models have none.
  absl::Duration timeout = absl::Seconds(30);
  // For how long a unary call that finds no server (UNAVAILABLE) is made again, after waits that double, each
  // by chance shorter, and no shorter than the server asks for. 0: not at all.
  absl::Duration retry_timeout = absl::Seconds(10);
};

// The address that an empty one stands for.
std::string DefaultServerAddress();

// The text of a PEM file, for TlsOptions::root_certificates. Errors name the file. NOT_FOUND,
// PERMISSION_DENIED: it can't be read; INVALID_ARGUMENT: it holds no certificate, or more than 1 MiB.
absl::StatusOr<std::string> RootCertificatesFromFile(const std::string& path);

// The token that stands alone on the file's first line, for ClientOptions::token. Errors name the file, never
// the token. NOT_FOUND, PERMISSION_DENIED: it can't be read; INVALID_ARGUMENT: there is no token in it.
absl::StatusOr<std::string> TokenFromFile(const std::string& path);

}  // namespace impasto
