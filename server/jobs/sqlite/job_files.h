// The folder of the jobs' files: JOBS/ID/{request,checkpoint,result}.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "jobs/journal.h"
#include "jobs/work.h"

namespace impasto::jobs {

// Thread-safe for different jobs; a job's calls come one at a time. `id` is what JobId returned.
class JobFiles {
 public:
  // Makes the folder where there is none, and removes what a killed process left half-written. `wall_time`
  // names files that are set aside.
  static absl::StatusOr<std::unique_ptr<JobFiles>> Open(std::string folder,
                                                        std::function<absl::Time()> wall_time);

  const std::string& folder() const { return folder_; }

  // As Journal's.
  absl::Status Write(const std::string& id, JobFile file, const ByteWriter& writer);
  absl::StatusOr<std::unique_ptr<std::istream>> Open(const std::string& id, JobFile file);
  absl::Status Remove(const std::string& id, JobFile file);

  // The job's folder with all that is in it. Fine where there is none.
  absl::Status RemoveAll(const std::string& id);
  // Bytes of all that is in the job's folder.
  int64_t Bytes(const std::string& id) const;
  // The folders that there are, sorted.
  std::vector<std::string> Folders() const;

 private:
  JobFiles(std::string folder, std::function<absl::Time()> wall_time);
  std::string FolderOf(const std::string& id) const;
  std::string PathOf(const std::string& id, JobFile file) const;

  const std::string folder_;
  const std::function<absl::Time()> wall_time_;
};

}  // namespace impasto::jobs
