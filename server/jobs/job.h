// A job as one of its watchers sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "impasto/v1/job.pb.h"
#include "jobs/work.h"

namespace impasto::jobs {

// NOT_FOUND.
inline absl::Status NoSuchJob(const std::string& name) { return absl::NotFoundError("there is no " + name); }

// One event, with the picture of a preview or result beside it: the watcher cuts that into chunks.
struct Event {
  v1::JobEvent message;
  std::shared_ptr<const EncodedPicture> picture;
};

// One stream's place in a job's events. As long as it lives, the job counts it among its watchers. Next is
// for one thread at a time; the rest is thread-safe. Holds no event itself: a watcher that stalls costs no
// more than the picture that it is sending.
class Watch {
 public:
  virtual ~Watch() = default;                       // as Notify with an empty function
  virtual const std::string& job_name() const = 0;  // jobs/...

  // The next event, or nothing where it hasn't happened yet. Only the newest preview exists.
  virtual std::optional<Event> Next() = 0;
  // Set once the last event can be had. A job that was refused before it was accepted has no events and this
  // status.
  virtual std::optional<absl::Status> EndStatus() const = 0;
  // Calls `wake` soon, once, on some thread, when Next has something or the job has ended; at once where that
  // is so already. `wake` must not block. A second call replaces the first; an empty function takes it back,
  // and returns only when no call of the old one is under way (unless it is called from there).
  virtual void Notify(std::function<void()> wake) = 0;
};

}  // namespace impasto::jobs
