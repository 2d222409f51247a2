// A way for one client to its server that can be cut, as when the client's process dies, or held up, as when
// a cable is pulled.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "base/mutex.h"

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

  // Both sides see the connection end. What is held is lost.
  void Cut() {
    if (!thread_.joinable()) return;
    {
      MutexLock lock(&mutex_);
      cut_ = true;
      released_.NotifyAll();
    }
    shutdown(server_, SHUT_RDWR);
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(server_);
    close(listener_);
  }

  // From now on the client gets nothing. Nobody sees the connection end.
  void HoldAnswers() { Hold(true, false); }
  // Neither side gets anything.
  void HoldAll() { Hold(true, true); }
  // What was held goes on its way.
  void Release() { Hold(false, false); }

  // The server has given the connection up. False: not within `patience`.
  bool WaitForServerToClose(std::chrono::milliseconds patience) const {
    pollfd closed{.fd = server_, .events = POLLRDHUP, .revents = 0};
    return poll(&closed, 1, static_cast<int>(patience.count())) == 1;
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(port);
    return name;
  }

  void Hold(bool answers, bool requests) {
    MutexLock lock(&mutex_);
    hold_answers_ = answers;
    hold_requests_ = requests;
    released_.NotifyAll();
  }

  void Copy(int from, int to, const bool& hold) {
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t count = read(from, buffer.data(), buffer.size());
      if (count <= 0) break;
      {
        MutexLock lock(&mutex_);
        while (hold && !cut_) released_.Wait(&mutex_);
        if (hold) break;
      }
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
    std::thread back([&] { Copy(server_, client, hold_answers_); });
    Copy(client, server_, hold_requests_);
    back.join();
    close(client);
  }

  const int listener_;
  int port_ = 0;
  int server_ = -1;
  Mutex mutex_;
  CondVar released_;
  bool hold_answers_ = false;
  bool hold_requests_ = false;
  bool cut_ = false;
  std::thread thread_;
};

}  // namespace impasto::rpc
