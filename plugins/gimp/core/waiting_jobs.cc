#include "core/waiting_jobs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/files.h"
#include "core/json_value.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A profile of a printer may have some MiB.
constexpr int64_t kMaxBytes = int64_t{64} << 20;
constexpr char kEnding[] = ".json";
constexpr std::string_view kPrefix = "jobs/";
constexpr size_t kMaxId = 64;
// As far as GIMP's images go.
constexpr int kMaxSide = 1 << 20;

// The last part of "jobs/...". It becomes a file's name, and comes from a server or a file: INVALID_ARGUMENT
// for anything else than a job's name.
absl::StatusOr<std::string> IdOf(const std::string& job) {
  const std::string id = job.substr(0, kPrefix.size()) == kPrefix ? job.substr(kPrefix.size()) : "";
  const bool fine = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
  if (id.empty() || id.size() > kMaxId || !fine) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(job), "\" is no job's name"));
  }
  return id;
}

// When a process started, in the system's ticks; empty where it is gone. With it, another process that has
// got the same number isn't taken for it.
std::string StartOf(int process) {
  // Not ReadFile(): in /proc files have no size.
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::ostringstream stat;
  stat << file.rdbuf();
  const std::string text = stat.str();
  // "PID (NAME) STATE ...": the name may have anything in it. The start is the 20th after it.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return "";
  }
  const std::vector<std::string> fields = absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
  constexpr size_t kStart = 19;
  // A zombie has ended.
  return fields.size() > kStart && fields[0] != "Z" ? fields[kStart] : "";
}

// A record, and what keeps a process from being taken for another.
struct Record {
  WaitingJob job;
  std::string process_start;
};

bool IsWatched(const Record& record) {
  return record.job.process > 0 && !record.process_start.empty() &&
         StartOf(record.job.process) == record.process_start;
}

std::string Print(const WaitingJob& job) {
  return Printed({{"job", job.job},
                  {"server", ToValue(job.server)},
                  {"created", absl::ToUnixSeconds(job.created)},
                  {"image", job.image},
                  {"image_file", job.image_file},
                  {"layer", job.layer},
                  {"x", job.x},
                  {"y", job.y},
                  {"width", job.width},
                  {"height", job.height},
                  {"image_width", job.image_width},
                  {"image_height", job.image_height},
                  {"process", job.process},
                  {"process_start", StartOf(job.process)},
                  {"icc_profile", absl::Base64Escape(job.icc_profile)},
                  {"settings", ToValue(job.settings)}});
}

absl::StatusOr<Record> Parse(const std::string& text) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const json value, ParseObject(text));
  Record record;
  WaitingJob& job = record.job;
  MemberReader reader(value);
  reader.Read("job", &job.job);
  if (const json* const server = reader.Object("server"); server != nullptr) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(job.server, ServerFromValue(*server));
  }
  int64_t created = 0;
  reader.Read("created", &created);
  job.created = absl::FromUnixSeconds(created);
  reader.Read("image", &job.image);
  reader.Read("image_file", &job.image_file);
  reader.Read("layer", &job.layer);
  reader.Read("x", &job.x, -kMaxSide, kMaxSide);
  reader.Read("y", &job.y, -kMaxSide, kMaxSide);
  reader.Read("width", &job.width, 0, kMaxSide);
  reader.Read("height", &job.height, 0, kMaxSide);
  reader.Read("image_width", &job.image_width, 0, kMaxSide);
  reader.Read("image_height", &job.image_height, 0, kMaxSide);
  reader.Read("process", &job.process);
  reader.Read("process_start", &record.process_start);
  std::string profile;
  reader.Read("icc_profile", &profile);
  if (!absl::Base64Unescape(profile, &job.icc_profile)) {
    return absl::InvalidArgumentError("icc_profile: not base64");
  }
  if (const json* const settings = reader.Object("settings"); settings != nullptr) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(job.settings, SettingsFromValue(*settings));
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(reader.status());
  return record;
}

}  // namespace

absl::Status WaitingJobs::Put(const WaitingJob& job) const {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string id, IdOf(job.job));
  std::error_code error;
  fs::create_directories(folder_, error);  // where that fails, writing says why
  return WriteFile(absl::StrCat(folder_, "/", id, kEnding), Print(job));
}

absl::Status WaitingJobs::Remove(const std::string& job) const {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string id, IdOf(job));
  const std::string path = absl::StrCat(folder_, "/", id, kEnding);
  std::error_code error;
  fs::remove(path, error);
  return error ? absl::UnavailableError(absl::StrCat(path, ": ", error.message())) : absl::OkStatus();
}

std::vector<WaitingJob> WaitingJobs::List() const {
  std::vector<WaitingJob> jobs;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const absl::StatusOr<std::string> text = ReadFile(entry->path().string(), kMaxBytes);
    absl::StatusOr<Record> record = text.ok() ? Parse(*text) : text.status();
    if (!record.ok() || IsWatched(*record)) {
      continue;
    }
    // Also keeps copies and half-written files out.
    const absl::StatusOr<std::string> id = IdOf(record->job.job);
    if (id.ok() && entry->path().filename() == *id + kEnding) {
      jobs.push_back(std::move(record->job));
    }
  }
  std::sort(jobs.begin(), jobs.end(), [](const WaitingJob& a, const WaitingJob& b) {
    return a.created != b.created ? a.created < b.created : a.job < b.job;
  });
  return jobs;
}

}  // namespace impasto::gimp
