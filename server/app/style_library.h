// Style pictures that clients put once, kept until they delete them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "app/upload_store.h"
#include "base/mutex.h"
#include "imaging/picture.h"
#include "rpc/backend.h"

namespace impasto::app {

// A style for a job. Immutable.
struct LibraryStyle {
  std::string sha256;   // PictureSha256 of it
  v1::Picture picture;  // `encoded` or `raw`
};

// Thread-safe.
//
// On disk a style is two checked files, DIGITS.style (a serialised v1::Style) and DIGITS.style-picture (a
// serialised v1::Picture); it is there as soon as the first is. A damaged one is set aside, with a warning.
class StyleLibrary final : public rpc::StylesBackend {
 public:
  struct Options {
    // Made where it isn't there. One server's at a time. Empty: in memory, until the end.
    std::string folder;
    UploadStore* uploads = nullptr;  // required; outlives the library
    imaging::Limits limits;
    int max_styles = 1000;
    int64_t max_bytes = int64_t{4} << 30;           // of all pictures, on disk
    int64_t max_memory_bytes = int64_t{256} << 20;  // instead, where there is no folder
    std::function<absl::Time()> wall_time = absl::Now;
    // A line for people: what was found damaged, what can't be written. May be empty. Thread-safe.
    std::function<void(const std::string& line)> warn;
  };
  // Reads what is there, but for the pictures themselves. Never fails: a folder that can't be used is named
  // in a warning, and is tried again by every CreateStyle.
  explicit StyleLibrary(Options options);
  // Writes down last uses.
  ~StyleLibrary() override;

  // ALREADY_EXISTS: another picture has the same name, which takes two that were made for it.
  absl::StatusOr<v1::Style> CreateStyle(const v1::CreateStyleRequest& request) override;
  absl::StatusOr<v1::Style> GetStyle(const std::string& name) override;
  std::vector<v1::Style> ListStyles() override;
  absl::Status DeleteStyle(const std::string& name) override;

  // For a job, which keeps it whatever is deleted. Reads the picture from the disk. NOT_FOUND: no such style;
  // DATA_LOSS: its file was damaged: it is set aside, and the style is gone.
  absl::StatusOr<std::shared_ptr<const LibraryStyle>> Find(const std::string& name);
  // A job uses it now. Written to the disk once an hour and at the end. Fine where it isn't there.
  void Touch(const std::string& name);

 private:
  struct Entry {
    v1::Style style;
    absl::Time use_on_disk;                     // last_use_time as the file has it
    std::shared_ptr<const LibraryStyle> found;  // where there is no folder
  };

  void ReadFolder();
  // Where the picture is there already: its style, with the new display name if there is one.
  absl::StatusOr<std::optional<v1::Style>> Existing(const v1::Style& style)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::Status CheckRoom(int64_t bytes);
  absl::Status WriteStyle(const v1::Style& style) ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::Status WriteBoth(const v1::Style& style, const v1::Picture& picture)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::StatusOr<v1::Style> ReadStyle(const std::string& id) const;
  absl::StatusOr<std::shared_ptr<const LibraryStyle>> ReadPicture(const v1::Style& style) const;
  absl::StatusOr<v1::Style> Known(const std::string& name);
  void WriteUse(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  void SetAside(const std::string& id, const absl::Status& why) const;
  std::string Path(absl::string_view id) const;
  void Warn(const std::string& line) const;

  const Options options_;
  Mutex changes_;  // held by whoever changes the folder; before mutex_
  Mutex mutex_;    // held for moments
  std::map<std::string, Entry> styles_ ABSL_GUARDED_BY(mutex_);  // by resource name
};

}  // namespace impasto::app
