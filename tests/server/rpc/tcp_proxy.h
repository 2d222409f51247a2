// A way for one client to its server that can be cut, as when the client's process dies.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace impasto::rpc {

class TcpProxy {
 public:
  explicit TcpProxy(int server_port) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in name = Loopback(0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t length = sizeof(name);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &length), 0);
    port_ = ntohs(name.sin_port);
    server_ = socket(AF_INET, SOCK_STREAM, 0);
    thread_ = std::thread([this, server_port] { Run(server_port); });
  }
  ~TcpProxy() { Cut(); }

  int port() const { return port_; }

  // Both sides see the connection end.
  void Cut() {
    if (!thread_.joinable()) return;
    shutdown(server_, SHUT_RDWR);
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(server_);
    close(listener_);
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(port);
    return name;
  }

  static void Copy(int from, int to) {
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t count = read(from, buffer.data(), buffer.size());
      if (count <= 0) break;
      for (ssize_t sent = 0; sent < count;) {
        const ssize_t more = send(to, buffer.data() + sent, count - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += more;
      }
    }
    shutdown(from, SHUT_RDWR);
    shutdown(to, SHUT_RDWR);
  }

  void Run(int server_port) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const sockaddr_in name = Loopback(server_port);
    EXPECT_EQ(connect(server_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    std::thread back([&] { Copy(server_, client); });
    Copy(client, server_);
    back.join();
    close(client);
  }

  const int listener_;
  int port_ = 0;
  int server_ = -1;
  std::thread thread_;
};

}  // namespace impasto::rpc
