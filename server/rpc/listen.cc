#include "rpc/listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace impasto::rpc {
namespace {

class Socket {
 public:
  Socket(int family, int type) : fd_(socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status CannotListen(const ListenAddress& address, int error) {
  const std::string message =
      absl::StrCat("cannot listen on ", address.ToString(), ": ", std::generic_category().message(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status CheckUnix(const ListenAddress& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", address.ToString(),
                                                   ": the path is longer than ", sizeof(name.sun_path) - 1,
                                                   " bytes"));
  }
  std::memcpy(name.sun_path, address.path.data(), address.path.size());
  // gRPC removes a socket file that is there, even one that somebody listens on.
  const Socket socket(AF_UNIX, SOCK_STREAM);
  if (socket.fd() < 0) return CannotListen(address, errno);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return CannotListen(address, EADDRINUSE);
  }
  return absl::OkStatus();
}

// 0, or the error. The socket is gone again when this returns.
int TryToListen(const addrinfo& address) {
  const Socket socket(address.ai_family, address.ai_socktype);
  const int on = 1;  // as gRPC does: connections of the last server that are still closing don't count
  if (socket.fd() < 0 || setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(socket.fd(), address.ai_addr, address.ai_addrlen) != 0 || listen(socket.fd(), 1) != 0) {
    return errno;
  }
  return 0;
}

absl::Status CheckTcp(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", address.ToString(), ": ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  // A name may stand for several addresses, some of a family that this machine lacks: one is enough. But none
  // may be taken, or clients would reach now this server, now the other.
  int error = 0;
  bool any = false;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int result = TryToListen(*each);
    if (result == EADDRINUSE) return CannotListen(address, result);
    if (result == 0) any = true;
    if (result != 0) error = result;
  }
  return any ? absl::OkStatus() : CannotListen(address, error);
}

}  // namespace

bool ListenAddress::is_local() const {
  const bool loopback_v4 =
      absl::StartsWith(host, "127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  return is_unix() || loopback_v4 || host == "localhost" || host == "::1";
}

std::string ListenAddress::ToString() const {
  if (is_unix()) return absl::StrCat("unix:", path);
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  const absl::Status bad = absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no address to listen on: want HOST:PORT, [IPV6]:PORT or unix:PATH"));
  ListenAddress address;
  if (absl::StartsWith(text, "unix:")) {
    text.remove_prefix(5);
    if (absl::StartsWith(text, "///")) text.remove_prefix(2);
    if (text.empty() || text.find('\0') != absl::string_view::npos) return bad;
    address.path = std::string(text);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return bad;
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (absl::StrContains(host, ':')) {
    return bad;  // where an IPv6 address would end is anybody's guess
  }
  if (host.empty() || host.find('\0') != absl::string_view::npos) return bad;
  const bool digits = !port.empty() && port.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!digits || !absl::SimpleAtoi(port, &address.port) || address.port > 65535) return bad;
  address.host = std::string(host);
  return address;
}

absl::Status CheckListenAddress(const ListenAddress& address) {
  return address.is_unix() ? CheckUnix(address) : CheckTcp(address);
}

}  // namespace impasto::rpc
