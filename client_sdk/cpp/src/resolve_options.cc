#include "resolve_options.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "impasto/address.h"
#include "impasto/internal/status_macros.h"
#include "status_conversion.h"

namespace impasto {
namespace {

constexpr size_t kMaxClientName = 64;
constexpr size_t kMaxToken = 4096;
// The system's own roots are a quarter of that.
constexpr size_t kMaxPemBytes = size_t{1} << 20;
constexpr char kPemMark[] = "-----BEGIN CERTIFICATE-----";

std::string FromEnvironment(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

absl::Status CheckAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:") && address.size() > 5) {
    return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  const bool has_port = colon != std::string::npos && colon > 0 &&
                        absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 1 && port <= 65535;
  // A second colon outside brackets is an IPv6 address without a port.
  const std::string host = has_port ? address.substr(0, colon) : "";
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (!has_port || (!bracketed && absl::StrContains(host, ":")) || absl::StrContains(host, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "server address \"", address, "\": not of the form HOST:PORT, [IPv6]:PORT or unix:PATH"));
  }
  return absl::OkStatus();
}

// A name is metadata, and stands in filters of ListJobs: no blanks, quotes or wildcards.
absl::Status CheckClientName(const std::string& name) {
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && !absl::StrContains("-_.@:", c)) {
      return absl::InvalidArgumentError(absl::StrCat("client_name \"", absl::CEscape(name),
                                                     "\": other characters than A-Z a-z 0-9 - _ . @ :"));
    }
  }
  if (name.size() > kMaxClientName) {
    return absl::InvalidArgumentError(absl::StrCat("client_name: longer than ", kMaxClientName));
  }
  return absl::OkStatus();
}

// No message has the token in it.
absl::Status CheckToken(const std::string& token) {
  if (token.size() > kMaxToken) {
    return absl::InvalidArgumentError(absl::StrCat("token: longer than ", kMaxToken));
  }
  for (const char c : token) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError("token: other characters than printable ASCII without blanks");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPem(absl::string_view pem) {
  return absl::StrContains(pem, kPemMark) ? absl::OkStatus()
                                          : absl::InvalidArgumentError("no certificate in PEM form");
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat(path, ": ", status.message())};
}

// What the file holds, up to `max_bytes` of it.
absl::StatusOr<std::string> ReadStart(const std::string& path, size_t max_bytes) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(max_bytes, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(max_bytes)) && !file.eof()) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno, path);
  }
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

absl::Status CheckTimes(const ClientOptions& options) {
  if (options.connect_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("connect_timeout: not above zero");
  }
  if (options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("timeout: not above zero");
  }
  if (options.keepalive < absl::Seconds(10) || options.keepalive > absl::Hours(24)) {
    return absl::InvalidArgumentError("keepalive: not in 10 s to 24 h");
  }
  if (options.reattach_timeout < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("reattach_timeout: below zero");
  }
  if (options.retry_timeout < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("retry_timeout: below zero");
  }
  return absl::OkStatus();
}

}  // namespace

std::string DefaultServerAddress() { return FromEnvironment("IMPASTO_SERVER", "127.0.0.1:50451"); }

absl::StatusOr<std::string> RootCertificatesFromFile(const std::string& path) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::string pem, ReadStart(path, kMaxPemBytes + 1));
  if (pem.size() > kMaxPemBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": larger than ", kMaxPemBytes >> 20, " MiB"));
  }
  if (const absl::Status status = CheckPem(pem); !status.ok()) {
    return InFile(path, status);
  }
  return pem;
}

absl::StatusOr<std::string> TokenFromFile(const std::string& path) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(std::string token, ReadStart(path, kMaxToken + 2));
  token.resize(std::min(token.size(), token.find('\n')));
  token = std::string(absl::StripAsciiWhitespace(token));
  if (token.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no token on the first line"));
  }
  if (const absl::Status status = CheckToken(token); !status.ok()) {
    return InFile(path, status);
  }
  return token;
}

bool IsThisMachine(std::string_view address) {
  const std::string text(address);
  if (absl::StartsWith(text, "unix:")) {
    return true;
  }
  std::string host = text.substr(0, text.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    in6_addr v6{};
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&v6);
  }
  // Numbers alone: "127.0.0.1.example.com" is anybody's.
  in_addr v4{};
  return host == "localhost" ||
         (inet_pton(AF_INET, host.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET);
}

absl::StatusOr<ClientOptions> ResolveOptions(ClientOptions options) {
  if (options.address.empty()) {
    options.address = DefaultServerAddress();
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckAddress(options.address));
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckTimes(options));
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckClientName(options.client_name));
  if (const std::string path = FromEnvironment("IMPASTO_TLS_CA", "");
      !options.tls.has_value() && !path.empty()) {
    absl::StatusOr<std::string> roots = RootCertificatesFromFile(path);
    if (!roots.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("IMPASTO_TLS_CA: ", roots.status().message()));
    }
    options.tls.emplace().root_certificates = *std::move(roots);
  }
  if (options.tls.has_value() && !options.tls->root_certificates.empty()) {
    if (const absl::Status status = CheckPem(options.tls->root_certificates); !status.ok()) {
      return InFile("tls.root_certificates", status);
    }
  }
  if (options.token.empty()) {
    options.token = FromEnvironment("IMPASTO_TOKEN", "");
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckToken(options.token));
  if (!options.token.empty() && !options.tls.has_value() && !IsThisMachine(options.address)) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat(
            "token: the connection to ", options.address,
            " isn't encrypted, and a token isn't sent in the clear to another machine: use TLS")),
        "TOKEN_IN_THE_CLEAR");
  }
  return options;
}

}  // namespace impasto
