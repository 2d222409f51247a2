#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "jobs/job_name.h"
#include "jobs/journal.h"

namespace impasto::jobs {
namespace {

class MemoryJournal final : public Journal {
 public:
  absl::Status Commit(const Batch& batch) override {
    for (const JobRecord& record : batch.jobs) IMPASTO_RETURN_IF_ERROR(JobId(record.job.name()).status());
    for (const JournalEvent& event : batch.events) IMPASTO_RETURN_IF_ERROR(JobId(event.job).status());
    MutexLock lock(&mutex_);
    for (const JobRecord& record : batch.jobs) jobs_[record.job.name()].record = record;
    for (const JournalEvent& event : batch.events) {
      const auto job = jobs_.find(event.job);
      if (job != jobs_.end()) job->second.events.emplace(event.sequence, event.message);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<JobRecord>> LoadJobs() override {
    std::vector<JobRecord> records;
    {
      MutexLock lock(&mutex_);
      for (const auto& [name, job] : jobs_) records.push_back(job.record);
    }
    // Stable: by name where two were made at the same time.
    std::stable_sort(records.begin(), records.end(), [](const JobRecord& a, const JobRecord& b) {
      const auto& x = a.job.create_time();
      const auto& y = b.job.create_time();
      return std::make_tuple(x.seconds(), x.nanos()) < std::make_tuple(y.seconds(), y.nanos());
    });
    return records;
  }

  absl::StatusOr<std::vector<std::string>> LoadEvents(const std::string& job) override {
    IMPASTO_RETURN_IF_ERROR(JobId(job).status());
    std::vector<std::string> messages;
    MutexLock lock(&mutex_);
    const auto found = jobs_.find(job);
    if (found == jobs_.end()) return messages;
    for (const auto& [sequence, message] : found->second.events) messages.push_back(message);
    return messages;
  }

  absl::Status WriteFile(const std::string& job, JobFile file, const ByteWriter& writer) override {
    IMPASTO_RETURN_IF_ERROR(JobId(job).status());
    std::string bytes;
    IMPASTO_RETURN_IF_ERROR(writer([&bytes](absl::string_view piece) {
      absl::StrAppend(&bytes, piece);
      return absl::OkStatus();
    }));
    MutexLock lock(&mutex_);
    files_[job][file] = std::move(bytes);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<std::istream>> OpenFile(const std::string& job, JobFile file) override {
    IMPASTO_RETURN_IF_ERROR(JobId(job).status());
    MutexLock lock(&mutex_);
    const auto files = files_.find(job);
    if (files == files_.end() || files->second.count(file) == 0) {
      return absl::NotFoundError(absl::StrCat(job, " has no such file"));
    }
    return std::make_unique<std::istringstream>(files->second[file], std::ios::binary);
  }

  absl::Status RemoveFile(const std::string& job, JobFile file) override {
    IMPASTO_RETURN_IF_ERROR(JobId(job).status());
    MutexLock lock(&mutex_);
    const auto files = files_.find(job);
    if (files != files_.end()) files->second.erase(file);
    return absl::OkStatus();
  }

  absl::Status DeleteJob(const std::string& job) override {
    IMPASTO_RETURN_IF_ERROR(JobId(job).status());
    MutexLock lock(&mutex_);
    jobs_.erase(job);
    files_.erase(job);
    return absl::OkStatus();
  }

  int64_t FileBytes(const std::string& job) override {
    MutexLock lock(&mutex_);
    const auto files = files_.find(job);
    int64_t bytes = 0;
    if (files == files_.end()) return bytes;
    for (const auto& [file, content] : files->second) bytes += static_cast<int64_t>(content.size());
    return bytes;
  }

 private:
  struct Entry {
    JobRecord record;
    std::map<int64_t, std::string> events;
  };

  Mutex mutex_;
  std::map<std::string, Entry> jobs_ ABSL_GUARDED_BY(mutex_);
  // Beside the jobs: a request's file is there before its job is.
  std::map<std::string, std::map<JobFile, std::string>> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Journal> MakeMemoryJournal() { return std::make_unique<MemoryJournal>(); }

}  // namespace impasto::jobs
