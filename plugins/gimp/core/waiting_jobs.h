// Jobs that a user began, and hasn't got the result of: GIMP was closed, or the server was away for long. One
// JSON file a job, in a folder of the user's. Written when the server has accepted a job, removed when its
// result is in an image or it was cancelled. Nothing here asks a server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/settings.h"

namespace impasto::gimp {

struct WaitingJob {
  std::string job;        // "jobs/..."
  ServerSettings server;  // where it is; the address filled in
  absl::Time created;
  std::string image;       // the image's name, for people
  std::string image_file;  // its path; empty: never saved
  std::string layer;       // the painted layer's name
  int x = 0;               // where the result belongs in the image, pixels
  int y = 0;
  int width = 0;  // the result's size, pixels
  int height = 0;
  int image_width = 0;
  int image_height = 0;
  int process = 0;          // who watches it; while that program runs, it isn't waiting
  std::string icc_profile;  // of the result's pixels
  Settings settings;
};

// Thread-safe; several processes may use one folder.
class WaitingJobs {
 public:
  explicit WaitingJobs(std::string folder) : folder_(std::move(folder)) {}

  // In one move; over the record of the same job.
  absl::Status Put(const WaitingJob& job) const;
  // Fine if it isn't there.
  absl::Status Remove(const std::string& job) const;
  // Those whose `process` doesn't run any more, the oldest first. Files that aren't ours are passed over.
  std::vector<WaitingJob> List() const;

 private:
  std::string folder_;
};

}  // namespace impasto::gimp
