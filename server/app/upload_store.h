// Pictures that clients sent ahead of their requests, in memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "imaging/picture.h"
#include "rpc/backend.h"

namespace impasto::app {

// An upload that is there. Immutable.
struct Upload {
  std::string data;
  bool raw = false;
  imaging::RawPixels layout;  // raw: `data` and `icc_profile` are views of the strings here
  std::string icc_profile;
};

// Thread-safe. Outlives its writers.
class UploadStore final : public rpc::UploadBackend {
 public:
  struct Options {
    const Clock* clock = nullptr;                   // required; outlives the store
    int64_t max_upload_bytes = int64_t{256} << 20;  // a 16-bit RGBA picture of 32 megapixels
    int64_t max_total_bytes = int64_t{1} << 30;     // uploads that are there and those on their way
    int max_uploads = 1024;                         // so that tiny ones don't pile up either
    double lifetime_seconds = 3600;                 // after the last use
    imaging::Limits limits;
  };
  explicit UploadStore(const Options& options);

  std::unique_ptr<rpc::UploadWriter> StartUpload() override;
  int64_t max_picture_bytes() const override { return options_.max_upload_bytes; }

  // Counts as a use; what is returned stays valid when the upload expires. NOT_FOUND: unknown or expired.
  absl::StatusOr<std::shared_ptr<const Upload>> Find(const std::string& name);

  // Bytes that count against max_total_bytes now.
  int64_t total_bytes();

 private:
  friend class UploadStoreWriter;
  struct Entry {
    std::shared_ptr<const Upload> upload;
    double expires = 0;  // by the clock
  };

  absl::Status Reserve(int64_t bytes);
  void Release(int64_t bytes);
  // Takes over the reservation of the upload's bytes.
  absl::StatusOr<std::string> Add(std::shared_ptr<const Upload> upload);
  void DropExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  Mutex mutex_;
  std::map<std::string, Entry> uploads_ ABSL_GUARDED_BY(mutex_);
  int64_t total_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace impasto::app
