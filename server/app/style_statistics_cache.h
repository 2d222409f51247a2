// Statistics of style pictures, kept in memory and on disk, so that the second job with a style makes no
// forward pass over it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/lru_index.h"
#include "base/mutex.h"
#include "base/size.h"
#include "engine/style_statistics.h"

namespace impasto::app {

// A style picture as a run has it: what it was made from, and its own size. A smaller one for a coarse level
// is made from that, so that the same picture at another own size gives other numbers.
struct StylePictureId {
  std::string sha256;  // PictureSha256
  Size size;
};

// Thread-safe. Outlives its sources. Two runs that want the same at the same time both compute it.
class StyleStatisticsCache {
 public:
  struct Options {
    // Made where it isn't there. One server's at a time. Empty: memory alone.
    std::string folder;
    int64_t max_disk_bytes = int64_t{1} << 30;      // VGG19's take 1 to 3 MB a picture and size
    int64_t max_memory_bytes = int64_t{256} << 20;  // what a hundred styles in use take
    // A line for people: files that can't be read or written. May be empty. Thread-safe.
    std::function<void(const std::string& line)> warn;
  };
  // Reads the folder's names, not its files. Never fails: a folder that can't be used costs the cache on
  // disk, and is named in a warning.
  explicit StyleStatisticsCache(Options options);

  // For a run with these style pictures, in their order. What isn't there is computed, with its errors.
  engine::StyleStatisticsSource ForPictures(std::vector<StylePictureId> pictures);

  // Whether it has any statistics of the picture. Then the picture has been decoded before.
  bool Knows(const std::string& picture_sha256);

  // How often statistics were had from where, since the start.
  struct Counts {
    int64_t computed = 0;
    int64_t from_memory = 0;
    int64_t from_disk = 0;
  };
  Counts counts();

 private:
  using Statistics = std::shared_ptr<const engine::StyleStatistics>;

  absl::StatusOr<Statistics> Get(const StylePictureId& picture,
                                 const engine::StyleStatisticsRequest& request);
  // Null: not there, or not whole: then it is removed.
  Statistics FromMemory(const std::string& key);
  Statistics FromDisk(const std::string& key, const std::vector<std::string>& layers);
  void PutIntoMemory(const std::string& key, const Statistics& statistics);
  void PutOnDisk(const std::string& key, const engine::StyleStatistics& statistics);
  void ReadFolder();
  std::string Path(const std::string& key) const;
  void Warn(const std::string& line) const;

  const Options options_;
  Mutex mutex_;
  std::map<std::string, Statistics> memory_ ABSL_GUARDED_BY(mutex_);
  LruIndex memory_index_ ABSL_GUARDED_BY(mutex_);
  LruIndex disk_index_ ABSL_GUARDED_BY(mutex_);
  bool warned_of_writing_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace impasto::app
