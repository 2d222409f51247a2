#include "rpc/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace impasto::rpc {
namespace {

using testing::HasSubstr;

TEST(ParseListenAddress, HostsAndPorts) {
  auto address = ParseListenAddress("127.0.0.1:50451");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 50451);
  EXPECT_FALSE(address->is_unix());
  EXPECT_EQ(address->ToString(), "127.0.0.1:50451");

  address = ParseListenAddress("[::1]:0");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 0);
  EXPECT_EQ(address->ToString(), "[::1]:0");
}

TEST(ParseListenAddress, WhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:0", "127.1.2.3:1", "localhost:0", "[::1]:0", "unix:/run/x.sock"}) {
    EXPECT_TRUE(ParseListenAddress(text)->is_local()) << text;
  }
  // A name may stand for any address, whatever it begins with.
  for (const char* text : {"0.0.0.0:0", "[::]:0", "192.168.0.1:0", "127.0.0.1.example.org:0", "anna:0",
                           "12.7.0.0:1", "[::ffff:10.0.0.1]:0"}) {
    EXPECT_FALSE(ParseListenAddress(text)->is_local()) << text;
  }
}

TEST(ParseListenAddress, UnixSockets) {
  auto address = ParseListenAddress("unix:/run/x.sock");
  ASSERT_TRUE(address.ok());
  EXPECT_TRUE(address->is_unix());
  EXPECT_EQ(address->path, "/run/x.sock");
  EXPECT_EQ(address->ToString(), "unix:/run/x.sock");
  EXPECT_EQ(ParseListenAddress("unix:///run/x.sock")->path, "/run/x.sock");
  EXPECT_EQ(ParseListenAddress("unix:x.sock")->path, "x.sock");
}

TEST(ParseListenAddress, RefusesTheRest) {
  for (const char* text : {"", "50451", "localhost", "localhost:", ":50451", "localhost:http",
                           "localhost:65536", "localhost:-1", "localhost: 1", "::1:50451", "[]:1", "unix:"}) {
    const absl::Status status = ParseListenAddress(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr("HOST:PORT"));
  }
}

// A socket that listens at an address of the test's.
class Listener {
 public:
  Listener(int family, const sockaddr* address, socklen_t length) : fd_(socket(family, SOCK_STREAM, 0)) {
    EXPECT_EQ(bind(fd_, address, length), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }
  ~Listener() { close(fd_); }
  int port() const {
    sockaddr_in name{};
    socklen_t length = sizeof(name);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &length), 0);
    return ntohs(name.sin_port);
  }

 private:
  const int fd_;
};

absl::Status Check(const std::string& text) { return CheckListenAddress(*ParseListenAddress(text)); }

TEST(CheckListenAddress, AFreePort) { EXPECT_EQ(Check("127.0.0.1:0"), absl::OkStatus()); }

TEST(CheckListenAddress, ATakenPort) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Listener other(AF_INET, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const std::string address = absl::StrCat("127.0.0.1:", other.port());
  const absl::Status status = Check(address);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), absl::StrCat("cannot listen on ", address, ": Address already in use"));
}

TEST(CheckListenAddress, AnAddressOfAnotherMachine) {
  // Of a range that is for documents alone.
  EXPECT_EQ(Check("192.0.2.1:0").code(), absl::StatusCode::kUnavailable);
}

TEST(CheckListenAddress, NoSuchHost) {
  EXPECT_EQ(Check("nobody..invalid:0").code(), absl::StatusCode::kInvalidArgument);
}

TEST(CheckListenAddress, UnixSockets) {
  const std::string path = absl::StrCat(testing::TempDir(), "listen_test_", getpid(), ".sock");
  const std::string text = absl::StrCat("unix:", path);
  EXPECT_EQ(Check(text), absl::OkStatus());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  {
    const Listener other(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
    EXPECT_EQ(Check(text).code(), absl::StatusCode::kAlreadyExists);
  }
  // A server that died has left its file.
  EXPECT_EQ(Check(text), absl::OkStatus());
  unlink(path.c_str());
  EXPECT_EQ(Check(absl::StrCat("unix:/", std::string(108, 'x'))).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::rpc
