#include "tests/testing/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace impasto::testing {
namespace {

void SendAll(int connection, const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;  // the client has gone
    sent += static_cast<size_t>(count);
  }
}

}  // namespace

HttpResponse ServeFile(const HttpRequest& request, const std::string& bytes, const std::string& tag) {
  HttpResponse response{.headers = {{"ETag", tag}, {"Accept-Ranges", "bytes"}}, .body = bytes};
  const auto range = request.headers.find("range");
  const auto condition = request.headers.find("if-range");
  if (range == request.headers.end() || (condition != request.headers.end() && condition->second != tag))
    return response;
  absl::string_view text = range->second;
  size_t start = 0;
  if (!absl::ConsumePrefix(&text, "bytes=") || !absl::ConsumeSuffix(&text, "-") ||
      !absl::SimpleAtoi(text, &start))
    return response;
  if (start >= bytes.size()) {
    return {.code = 416, .headers = {{"Content-Range", absl::StrCat("bytes */", bytes.size())}}};
  }
  response.code = 206;
  response.headers["Content-Range"] = absl::StrCat("bytes ", start, "-", bytes.size() - 1, "/", bytes.size());
  response.body = bytes.substr(start);
  return response;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);  // wakes the accept()
  thread_.join();
  close(listener_);
}

std::string HttpServer::Url(const std::string& path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void HttpServer::Serve() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    Answer(connection);
    close(connection);
  }
}

void HttpServer::Answer(int connection) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    char piece[1024];
    const ssize_t count = recv(connection, piece, sizeof(piece), 0);
    if (count <= 0) return;
    head.append(piece, static_cast<size_t>(count));
  }
  HttpRequest request;
  const std::vector<std::string> lines = absl::StrSplit(head, "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  if (words.size() > 1) request.path = words[1];
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> field = absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    request.headers[absl::AsciiStrToLower(field.first)] =
        std::string(absl::StripAsciiWhitespace(field.second));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
  }
  HttpResponse response = handler_(request);
  if (response.headers.count("Content-Length") == 0)
    response.headers["Content-Length"] = absl::StrCat(response.body.size());
  std::string text = absl::StrCat("HTTP/1.1 ", response.code, " Text\r\nConnection: close\r\n");
  for (const auto& [name, value] : response.headers) absl::StrAppend(&text, name, ": ", value, "\r\n");
  SendAll(connection, text + "\r\n");
  if (response.send_bytes >= 0)
    response.body.resize(std::min(response.body.size(), static_cast<size_t>(response.send_bytes)));
  SendAll(connection, response.body);
}

}  // namespace impasto::testing
