// A job as its watchers see it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "impasto/v1/stylization.pb.h"
#include "jobs/work.h"

namespace impasto::jobs {

// One event, with the picture of a preview or result beside it: the watcher cuts that into chunks.
struct Event {
  v1::JobEvent message;
  std::shared_ptr<const EncodedPicture> picture;
};

// Thread-safe.
class Job {
 public:
  virtual ~Job() = default;
  virtual const std::string& name() const = 0;  // jobs/...

  // The next event after sequence number `after`, or nothing where it hasn't happened yet. Only the newest
  // preview exists.
  virtual std::optional<Event> NextEvent(int64_t after) const = 0;
  // Set once the last event is in the log. A job that was refused before it was accepted has no events and
  // this status.
  virtual std::optional<absl::Status> EndStatus() const = 0;
  // Calls `wake` soon, once, on some thread, when there is an event after `after` or the end; at once where
  // there is already. `wake` must not block. A second call replaces the first; an empty function takes it
  // back, and returns only when no call of the old one is under way.
  virtual void NotifyAfter(int64_t after, std::function<void()> wake) = 0;

  // Stops the job within one step. Fine at any time, any number of times.
  virtual void Cancel() = 0;
};

}  // namespace impasto::jobs
