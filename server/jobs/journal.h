// What has to outlive the process: jobs, their events, and their files.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "impasto/v1/job.pb.h"
#include "jobs/work.h"

namespace impasto::jobs {

// A job as the journal has it.
struct JobRecord {
  v1::Job job;                 // as GetJob shows it
  std::string request_digest;  // tells one request from another that has the same request_id
};

// An event that isn't a preview. Previews are never journaled.
struct JournalEvent {
  std::string job;  // its name, jobs/...
  int64_t sequence = 0;
  std::string message;  // a serialised v1::JobEvent, without its picture
};

// A job's files, each replaced as a whole.
enum class JobFile {
  kRequest,     // a serialised v1::StylizeRequest, its pictures included
  kCheckpoint,  // what Work::TakeCheckpoint wrote
  kResult,      // see result_file.h
};

// Thread-safe. What is done is done for good when a call returns OK, also where the process is killed or the
// power fails right after. After an error the journal is as it was, and the call may be tried again:
// RESOURCE_EXHAUSTED: the disk is full; UNAVAILABLE: it fails; DATA_LOSS: what is stored is damaged;
// otherwise what the system says. A name that can't be a job's: INVALID_ARGUMENT, see job_name.h.
class Journal {
 public:
  virtual ~Journal() = default;

  // All at once, or nothing. A job that is there is replaced; an event that is there stays as it is. An event
  // of a job that is neither there nor in the batch is left out: the job was deleted meanwhile.
  struct Batch {
    std::vector<JobRecord> jobs;
    std::vector<JournalEvent> events;
  };
  virtual absl::Status Commit(const Batch& batch) = 0;

  // By creation time, then by name.
  virtual absl::StatusOr<std::vector<JobRecord>> LoadJobs() = 0;
  // Serialised v1::JobEvents, by sequence number. Empty for a job that isn't there.
  virtual absl::StatusOr<std::vector<std::string>> LoadEvents(const std::string& job) = 0;

  // Whoever reads sees the old file or the new one, whole. May come before the job's first commit; files of a
  // job that was never committed don't outlive the process. `writer` doesn't call the journal.
  virtual absl::Status WriteFile(const std::string& job, JobFile file, const ByteWriter& writer) = 0;
  // NOT_FOUND: there is none; DATA_LOSS: it isn't what was written: it is set aside under the name in the
  // message, and the next call says NOT_FOUND.
  virtual absl::StatusOr<std::unique_ptr<std::istream>> OpenFile(const std::string& job, JobFile file) = 0;
  // Fine where there is none.
  virtual absl::Status RemoveFile(const std::string& job, JobFile file) = 0;

  // The job, its events and its files. Fine where there is none. On a full disk the files go first, to make
  // room: where even that doesn't help, the job is there without them.
  virtual absl::Status DeleteJob(const std::string& job) = 0;
  // Bytes of the job's files; 0 where there is none.
  virtual int64_t FileBytes(const std::string& job) = 0;
};

// Keeps all in memory: for servers without a state directory, and for tests. Errors never.
std::unique_ptr<Journal> MakeMemoryJournal();

}  // namespace impasto::jobs
