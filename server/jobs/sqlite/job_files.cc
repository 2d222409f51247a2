#include "jobs/sqlite/job_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_macros.h"
#include "jobs/sqlite/checked_file.h"
#include "jobs/sqlite/set_aside.h"

namespace impasto::jobs {
namespace {

namespace fs = std::filesystem;

const char* NameOf(JobFile file) {
  switch (file) {
    case JobFile::kRequest:
      return "request";
    case JobFile::kCheckpoint:
      return "checkpoint";
    case JobFile::kResult:
      break;
  }
  return "result";
}

// OK where it is there already.
absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return SyncDirectory(DirectoryOf(path));
  return errno == EEXIST ? absl::OkStatus() : FileError(errno, path, "made");
}

// What is in a folder; nothing where it can't be read.
std::vector<fs::directory_entry> EntriesOf(const std::string& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    entries.push_back(*it);
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobFiles>> JobFiles::Open(std::string folder,
                                                         std::function<absl::Time()> wall_time) {
  IMPASTO_RETURN_IF_ERROR(MakeFolder(folder));
  std::unique_ptr<JobFiles> files(new JobFiles(std::move(folder), std::move(wall_time)));
  for (const std::string& id : files->Folders()) {
    for (const fs::directory_entry& entry : EntriesOf(files->FolderOf(id))) {
      if (absl::EndsWith(entry.path().string(), kHalfWritten)) unlink(entry.path().c_str());
    }
  }
  return files;
}

JobFiles::JobFiles(std::string folder, std::function<absl::Time()> wall_time)
    : folder_(std::move(folder)), wall_time_(std::move(wall_time)) {}

std::string JobFiles::FolderOf(const std::string& id) const { return JoinPath(folder_, id); }

std::string JobFiles::PathOf(const std::string& id, JobFile file) const {
  return JoinPath(FolderOf(id), NameOf(file));
}

absl::Status JobFiles::Write(const std::string& id, JobFile file, const ByteWriter& writer) {
  IMPASTO_RETURN_IF_ERROR(MakeFolder(FolderOf(id)));
  return WriteCheckedFile(PathOf(id, file), writer);
}

absl::StatusOr<std::unique_ptr<std::istream>> JobFiles::Open(const std::string& id, JobFile file) {
  const std::string path = PathOf(id, file);
  auto stream = OpenCheckedFile(path);
  if (!absl::IsDataLoss(stream.status())) return stream;
  IMPASTO_ASSIGN_OR_RETURN(const std::string aside, SetAside(path, path, wall_time_()));
  return absl::DataLossError(absl::StrCat(stream.status().message(), "; it is set aside as ", aside));
}

absl::Status JobFiles::Remove(const std::string& id, JobFile file) {
  const std::string path = PathOf(id, file);
  if (unlink(path.c_str()) == 0) return SyncDirectory(FolderOf(id));
  return errno == ENOENT ? absl::OkStatus() : FileError(errno, path, "removed");
}

absl::Status JobFiles::RemoveAll(const std::string& id) {
  std::error_code error;
  if (fs::remove_all(FolderOf(id), error) > 0 && !error) return SyncDirectory(folder_);
  return error ? FileError(error.value(), FolderOf(id), "removed") : absl::OkStatus();
}

int64_t JobFiles::Bytes(const std::string& id) const {
  int64_t bytes = 0;
  for (const fs::directory_entry& entry : EntriesOf(FolderOf(id))) {
    std::error_code error;
    const uintmax_t size = entry.file_size(error);
    if (!error) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

std::vector<std::string> JobFiles::Folders() const {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : EntriesOf(folder_)) {
    std::error_code error;
    if (entry.is_directory(error)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace impasto::jobs
