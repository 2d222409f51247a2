#include "engine/weights/download.h"

#include <sys/file.h>
#include <unistd.h>

#include <fcntl.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/http_server.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::HttpRequest;
using ::impasto::testing::HttpResponse;
using ::impasto::testing::HttpServer;
using ::impasto::testing::ServeFile;
using ::impasto::testing::WriteBytes;
using ::testing::HasSubstr;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}
bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

class DownloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1", 1);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = absl::StrCat(::testing::TempDir(), "/download_test_", info->name(), ".part");
    unlink(path_.c_str());
    unlink((path_ + ".source").c_str());
    for (int i = 0; i < 300'000; ++i) bytes_ += static_cast<char>(i * 7 + i / 256);
  }
  absl::Status Fetch(const std::string& url, int64_t expected_bytes = 0) {
    return Download(
        {.url = url,
         .path = path_,
         .expected_bytes = expected_bytes,
         .progress = [this](int64_t done, int64_t total) { progress_.emplace_back(done, total); }});
  }
  std::string path_;
  std::string bytes_;
  std::vector<std::pair<int64_t, int64_t>> progress_;
};

TEST_F(DownloadTest, WholeFile) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, bytes_, "\"v1\""); });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  EXPECT_FALSE(Exists(path_ + ".source"));
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_.back(), std::make_pair(int64_t{300'000}, int64_t{300'000}));
}

TEST_F(DownloadTest, BrokenConnectionIsTakenUpWhereItBroke) {
  HttpServer server([this](const HttpRequest& request) {
    HttpResponse response = ServeFile(request, bytes_, "\"v1\"");
    response.send_bytes = 120'000;
    return response;
  });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  const std::vector<HttpRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].headers.count("range"), 0u);
  EXPECT_EQ(requests[1].headers.at("range"), "bytes=120000-");
  EXPECT_EQ(requests[1].headers.at("if-range"), "\"v1\"");
  EXPECT_EQ(requests[2].headers.at("range"), "bytes=240000-");
}

TEST_F(DownloadTest, NextCallGoesOn) {
  bool broken = true;
  HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = ServeFile(request, bytes_, "\"v1\"");
    if (broken) response.send_bytes = request.headers.count("range") > 0 ? 0 : 100'000;
    return response;
  });
  const absl::Status status = Fetch(server.Url("/f"), 300'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadAll(path_), bytes_.substr(0, 100'000));
  broken = false;
  const size_t before = server.requests().size();
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  EXPECT_EQ(server.requests().size(), before + 1);
  EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=100000-");
}

TEST_F(DownloadTest, ServerWithoutRangesStartsAnew) {
  int answers = 0;
  HttpServer server([&](const HttpRequest&) {
    HttpResponse response{.body = bytes_};
    if (++answers == 1) response.send_bytes = 50'000;
    return response;
  });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(DownloadTest, FileThatChangedStartsAnew) {
  std::string tag = "\"v1\"";
  std::string served = bytes_;
  HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = ServeFile(request, served, tag);
    if (tag == "\"v1\"") {
      response.send_bytes = 50'000;
      tag = "\"v2\"";
      served = std::string(300'000, 'n');
    }
    return response;
  });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), std::string(300'000, 'n'));
}

TEST_F(DownloadTest, PartOfAnotherAddressIsNotUsed) {
  WriteBytes(path_, "leftovers of something else");
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, bytes_, "\"v1\""); });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  EXPECT_EQ(server.requests()[0].headers.count("range"), 0u);
}

TEST_F(DownloadTest, PartThatIsTooLongStartsAnew) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, bytes_, "\"v1\""); });
  WriteBytes(path_, bytes_ + "more");
  WriteBytes(path_ + ".source", server.Url("/f") + "\n\n");
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
  EXPECT_EQ(server.requests().size(), 2u) << "416, then the whole file";
}

TEST_F(DownloadTest, WholePartIsNotFetchedAgain) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, bytes_, "\"v1\""); });
  WriteBytes(path_, bytes_);
  WriteBytes(path_ + ".source", server.Url("/f") + "\n\n");
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(DownloadTest, WrongPartOfTheFile) {
  HttpServer server([this](const HttpRequest& request) {
    HttpResponse response = ServeFile(request, bytes_, "\"v1\"");
    if (response.code == 206) response.headers["Content-Range"] = "bytes 5-299999/300000";
    response.send_bytes = 1000;
    return response;
  });
  const absl::Status status = Fetch(server.Url("/f"), 300'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another part of the file"));
  EXPECT_EQ(ReadAll(path_), bytes_.substr(0, 1000));
}

TEST_F(DownloadTest, WrongSizeLeavesNothing) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, bytes_, "\"v1\""); });
  const absl::Status status = Fetch(server.Url("/f"), 299'999);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a file of 300000 bytes; it should have 299999"));
  EXPECT_FALSE(Exists(path_));
  EXPECT_FALSE(Exists(path_ + ".source"));
}

TEST_F(DownloadTest, RefusalsLeaveNothing) {
  int code = 404;
  HttpServer server([&](const HttpRequest&) { return HttpResponse{.code = code, .body = "no such thing"}; });
  EXPECT_EQ(Fetch(server.Url("/f")).code(), absl::StatusCode::kNotFound);
  code = 503;
  const absl::Status status = Fetch(server.Url("/f"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("503"));
  EXPECT_FALSE(Exists(path_));
}

TEST_F(DownloadTest, EmptyFileIsNone) {
  HttpServer server([](const HttpRequest&) { return HttpResponse{}; });
  EXPECT_EQ(Fetch(server.Url("/f")).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(Exists(path_));
}

TEST_F(DownloadTest, RedirectsAreFollowed) {
  std::string target;
  HttpServer server([&](const HttpRequest& request) {
    if (request.path == "/f")
      return HttpResponse{.code = 302, .headers = {{"Location", "/g"}}, .body = "moved"};
    return ServeFile(request, bytes_, "\"v1\"");
  });
  EXPECT_TRUE(Fetch(server.Url("/f"), 300'000).ok());
  EXPECT_EQ(ReadAll(path_), bytes_);
}

TEST_F(DownloadTest, RedirectsEnd) {
  HttpServer server([](const HttpRequest&) {
    return HttpResponse{.code = 302, .headers = {{"Location", "/f"}}};
  });
  EXPECT_EQ(Fetch(server.Url("/f")).code(), absl::StatusCode::kUnavailable);
  EXPECT_LE(server.requests().size(), 7u);
}

TEST_F(DownloadTest, OnlyHttp) {
  EXPECT_EQ(Fetch("file:///etc/hostname").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Fetch("ftp://example.org/f").code(), absl::StatusCode::kInvalidArgument);
  HttpServer server([](const HttpRequest&) {
    return HttpResponse{.code = 302, .headers = {{"Location", "file:///etc/hostname"}}};
  });
  EXPECT_EQ(Fetch(server.Url("/f")).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(Exists(path_));
}

TEST_F(DownloadTest, NobodyThere) {
  std::string url;
  {
    HttpServer gone([](const HttpRequest&) { return HttpResponse{}; });
    url = gone.Url("/f");
  }
  EXPECT_EQ(Fetch(url).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(Exists(path_));
}

TEST_F(DownloadTest, OneProgramAtATime) {
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(Fetch("http://127.0.0.1:1/f").code(), absl::StatusCode::kAborted);
  close(fd);
}

}  // namespace
}  // namespace impasto::engine
