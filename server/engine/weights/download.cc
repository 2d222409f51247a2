#include "engine/weights/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/files.h"

namespace impasto::engine {
namespace {

// The largest file of the catalogue has 0.6 GB. A server that sends without end must not fill the disk.
constexpr int64_t kMaxBytes = int64_t{4} << 30;
constexpr int kMaxAttempts = 5;
constexpr long kMaxRedirects = 5;
// Slower than this for so long is a dead connection.
constexpr long kLowSpeedBytesPerSecond = 1000;
constexpr long kLowSpeedSeconds = 30;

// The open part file, held against other processes.
class PartFile {
 public:
  static absl::StatusOr<std::unique_ptr<PartFile>> Open(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, " can't be opened"));
    std::unique_ptr<PartFile> file(new PartFile(fd, path));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      return absl::AbortedError(absl::StrCat("another program is fetching ", path));
    }
    return file;
  }
  ~PartFile() { close(fd_); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  int64_t size() const {
    struct stat info {};
    return fstat(fd_, &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
  }
  bool Truncate() { return ftruncate(fd_, 0) == 0; }
  bool Append(const char* data, size_t size) {
    if (lseek(fd_, 0, SEEK_END) < 0) return false;
    while (size > 0) {
      const ssize_t written = write(fd_, data, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      data += written;
      size -= static_cast<size_t>(written);
    }
    return true;
  }

  // What the bytes are the beginning of: an address, and the server's tag of the file. "" where it isn't
  // known.
  struct Origin {
    std::string url;
    std::string tag;
  };
  Origin ReadOrigin() const {
    const auto bytes = OpenFileBytes(OriginPath());
    if (!bytes.ok() || (*bytes)->size() > 16384) return {};
    const absl::StatusOr<std::string> text = (*bytes)->Read(0, (*bytes)->size());
    if (!text.ok()) return {};
    const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
    return {lines[0], lines.size() > 1 ? lines[1] : ""};
  }
  absl::Status WriteOrigin(const Origin& origin) const {
    return WriteFileAtomically(OriginPath(), absl::StrCat(origin.url, "\n", origin.tag, "\n"));
  }
  void RemoveOrigin() const { unlink(OriginPath().c_str()); }
  void Remove() const {
    unlink(path_.c_str());
    RemoveOrigin();
  }

 private:
  PartFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  std::string OriginPath() const { return absl::StrCat(path_, ".source"); }

  int fd_;
  std::string path_;
};

// One request, and what its answer says.
struct Transfer {
  CURL* curl = nullptr;
  PartFile* file = nullptr;
  const DownloadRequest* request = nullptr;
  int64_t start = 0;  // the first byte asked for

  std::string tag;           // ETag of the answer at hand
  int64_t range_start = -1;  // of Content-Range
  int64_t total = 0;         // of the whole file; 0: not known
  int64_t content_length = -1;
  bool began = false;    // the first byte of a good answer has come
  absl::Status failure;  // why a callback stopped the transfer
};

size_t OnHeader(char* data, size_t, size_t count, void* to) {
  auto* transfer = static_cast<Transfer*>(to);
  const absl::string_view line = absl::StripAsciiWhitespace(absl::string_view(data, count));
  if (absl::StartsWith(line, "HTTP/")) {  // a redirect's headers are not the file's
    transfer->tag.clear();
    transfer->range_start = -1;
    transfer->total = 0;
    transfer->content_length = -1;
    return count;
  }
  const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, absl::MaxSplits(':', 1));
  const absl::string_view value = absl::StripAsciiWhitespace(field.second);
  if (absl::EqualsIgnoreCase(field.first, "etag")) {
    transfer->tag = std::string(value.substr(0, 1024));
  } else if (absl::EqualsIgnoreCase(field.first, "content-length")) {
    if (!absl::SimpleAtoi(value, &transfer->content_length)) transfer->content_length = -1;
  } else if (absl::EqualsIgnoreCase(field.first, "content-range")) {
    // "bytes 100-199/200"
    absl::string_view rest = value;
    absl::ConsumePrefix(&rest, "bytes ");
    const std::vector<absl::string_view> parts = absl::StrSplit(rest, absl::ByAnyChar("-/"));
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &transfer->range_start)) transfer->range_start = -1;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[2], &transfer->total)) transfer->total = 0;
  }
  return count;
}

// Before the first byte is written: does the answer continue what is there, or start anew? Is it the file
// that was meant?
absl::Status Begin(Transfer* transfer) {
  long code = 0;
  curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &code);
  if (code == 206) {
    if (transfer->range_start != transfer->start) {
      return absl::UnavailableError("the server sent another part of the file than was asked for");
    }
  } else {
    if (transfer->content_length >= 0) transfer->total = transfer->content_length;
    transfer->start = 0;
    if (!transfer->file->Truncate()) return absl::ErrnoToStatus(errno, "the part file can't be emptied");
  }
  const int64_t expected = transfer->request->expected_bytes;
  if (expected > 0 && transfer->total > 0 && transfer->total != expected) {
    return absl::DataLossError(
        absl::StrCat("the server has a file of ", transfer->total, " bytes; it should have ", expected));
  }
  if (transfer->total > kMaxBytes) {
    return absl::DataLossError(absl::StrCat("the server has a file of ", transfer->total, " bytes; at most ",
                                            kMaxBytes, " are fetched"));
  }
  return transfer->file->WriteOrigin({transfer->request->url, transfer->tag});
}

size_t OnBody(char* data, size_t, size_t count, void* to) {
  auto* transfer = static_cast<Transfer*>(to);
  if (!transfer->began) {
    transfer->failure = Begin(transfer);
    if (!transfer->failure.ok()) return 0;
    transfer->began = true;
  }
  if (!transfer->file->Append(data, count)) {
    transfer->failure = absl::ErrnoToStatus(errno, "the part file can't be written");
    return 0;
  }
  const int64_t done = transfer->file->size();
  const int64_t limit = transfer->request->expected_bytes > 0 ? transfer->request->expected_bytes : kMaxBytes;
  if (done > limit) {
    transfer->failure = absl::DataLossError(absl::StrCat("the server sends more than ", limit, " bytes"));
    return 0;
  }
  if (transfer->request->progress) {
    transfer->request->progress(done,
                                transfer->total > 0 ? transfer->total : transfer->request->expected_bytes);
  }
  return count;
}

bool InitCurl() {
  static const bool ok = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ok;
}

struct Answer {
  absl::Status status;
  long code = 0;
  bool may_go_on = false;  // the connection broke, and asking again makes sense
};

Answer Attempt(const DownloadRequest& request, PartFile* file) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!InitCurl() || curl == nullptr) return {absl::InternalError("libcurl can't be started")};
  const PartFile::Origin origin = file->ReadOrigin();
  // Bytes of another address are no beginning of this file.
  if (file->size() > 0 && origin.url != request.url) file->Truncate();
  Transfer transfer{.curl = curl.get(), .file = file, .request = &request, .start = file->size()};

  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR,
                   absl::StartsWith(request.url, "https:") ? "https" : "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_timeout_seconds));
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "impastod");
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_slist* headers = nullptr;
  const std::string range = absl::StrCat(transfer.start, "-");
  if (transfer.start > 0) {
    curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());
    // A weak tag promises no equal bytes, and a server must not resume by it.
    if (!origin.tag.empty() && !absl::StartsWith(origin.tag, "W/")) {
      headers = curl_slist_append(nullptr, absl::StrCat("If-Range: ", origin.tag).c_str());
      curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
    }
  }
  const CURLcode result = curl_easy_perform(curl.get());
  curl_slist_free_all(headers);

  Answer answer;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.code);
  if (!transfer.failure.ok()) {
    answer.status = transfer.failure;
  } else if (result == CURLE_HTTP_RETURNED_ERROR) {
    const std::string text = absl::StrCat("the server answered ", answer.code);
    answer.status =
        answer.code == 404 || answer.code == 410 ? absl::NotFoundError(text) : absl::UnavailableError(text);
  } else if (result != CURLE_OK) {
    answer.status = absl::UnavailableError(reason[0] != '\0' ? reason : curl_easy_strerror(result));
    answer.may_go_on = transfer.began;
  } else if (!transfer.began && transfer.start == 0) {
    answer.status = absl::DataLossError("the server has an empty file");
  }
  return answer;
}

}  // namespace

absl::Status Download(const DownloadRequest& request) {
  if (!absl::StartsWith(request.url, "http://") && !absl::StartsWith(request.url, "https://")) {
    return absl::InvalidArgumentError(absl::StrCat(request.url, " is no http or https address"));
  }
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> file, PartFile::Open(request.path));
  absl::Status status;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const int64_t before = file->size();
    // Whole already: it was cut off between its last byte and its new name.
    const bool whole = request.expected_bytes > 0 && before == request.expected_bytes &&
                       file->ReadOrigin().url == request.url;
    const Answer answer = whole ? Answer{} : Attempt(request, file.get());
    status = answer.status;
    if (status.ok()) break;
    if (answer.code == 416 && before > 0) {  // nothing from there on: the part is not of this file
      file->Truncate();
      continue;
    }
    if (absl::IsDataLoss(status)) {
      file->Remove();
      return status;
    }
    if (!answer.may_go_on) break;
  }
  if (!status.ok()) {
    if (file->size() == 0) file->Remove();
    return status;
  }
  if (request.expected_bytes > 0 && file->size() != request.expected_bytes) {
    const int64_t size = file->size();
    file->Remove();
    return absl::DataLossError(
        absl::StrCat("it has ", size, " bytes; it should have ", request.expected_bytes));
  }
  file->RemoveOrigin();
  return absl::OkStatus();
}

}  // namespace impasto::engine
