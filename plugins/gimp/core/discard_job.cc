#include "core/discard_job.h"

namespace impasto::gimp {

absl::Status DiscardJob(const Client& client, const std::string& job) {
  absl::Status status = client.CancelJob(job).status();
  if (status.ok()) {
    // It makes its step first, and only one that has ended can be deleted.
    client.WatchJob(job)->Finish().IgnoreError();
    status = client.DeleteJob(job);
  }
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

}  // namespace impasto::gimp
