// An HTTP/1.1 server of a few lines, for tests of what downloads: it answers as the test says, also wrongly,
// and breaks off.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace impasto::testing {

struct HttpRequest {
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct HttpResponse {
  int code = 200;
  std::map<std::string, std::string> headers;  // Content-Length is added where it is missing
  std::string body;
  int64_t send_bytes = -1;  // of the body, before the connection is closed; -1: all
};

// A file as a good server serves it: with Range, If-Range and a tag.
HttpResponse ServeFile(const HttpRequest& request, const std::string& bytes, const std::string& tag);

// Serves on 127.0.0.1, on a port of the system's choice, one connection after another, until it is destroyed.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string Url(const std::string& path) const;
  // All requests so far, in their order.
  std::vector<HttpRequest> requests() const;

 private:
  void Serve();
  void Answer(int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;  // held by mutex_
  std::thread thread_;
};

}  // namespace impasto::testing
