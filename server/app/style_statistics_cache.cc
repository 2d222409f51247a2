#include "app/style_statistics_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kSuffix = ".statistics";

// All that decides the numbers, to the last bit. The picture's hash comes first and in full, so that a
// picture's statistics lie side by side.
std::string Key(const StylePictureId& picture, const engine::StyleStatisticsRequest& request) {
  const engine::Model& model = request.model;
  const engine::Preprocessing& preprocessing = model.preprocessing();
  const engine::Execution& execution = model.executor().execution();
  // Floats as hexadecimal: exact.
  const auto numbers = [](const std::array<float, 3>& values) {
    return absl::StrFormat("%a %a %a", values[0], values[1], values[2]);
  };
  const std::string text = absl::StrJoin(
      {
          std::string("style statistics 1"),
          model.name(),
          model.sha256(),
          absl::StrFormat("%d %a", preprocessing.bgr, preprocessing.scale),
          numbers(preprocessing.mean),
          numbers(preprocessing.deviation),
          execution.executor,
          execution.instruction_set,
          execution.tiles,
          execution.memory_format,
          execution.precision,
          absl::StrCat(execution.threads),
          execution.device,
          absl::StrFormat("%d x %d", picture.size.width, picture.size.height),
          absl::StrFormat("%d x %d", request.size.width, request.size.height),
          absl::StrCat(static_cast<int>(request.pooling)),
          absl::StrJoin(request.layers, "\n"),
      },
      "\n");
  return absl::StrCat(picture.sha256, "-", Sha256OfString(text));
}

int64_t Bytes(const engine::StyleStatistics& statistics) {
  int64_t bytes = 0;
  for (const std::string& layer : statistics.layers) bytes += static_cast<int64_t>(layer.size());
  for (const std::vector<float>& gram : statistics.grams)
    bytes += static_cast<int64_t>(gram.size() * sizeof(float));
  return bytes;
}

// The order of use outlives the server as the files' times. Where it can't, the order is all that is lost.
void MarkUse(const std::string& path) { utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

}  // namespace

StyleStatisticsCache::StyleStatisticsCache(Options options) : options_(std::move(options)) { ReadFolder(); }

engine::StyleStatisticsSource StyleStatisticsCache::ForPictures(std::vector<StylePictureId> pictures) {
  return [this, pictures = std::move(pictures)](
             const engine::StyleStatisticsRequest& request) -> absl::StatusOr<Statistics> {
    if (request.picture < 0 || static_cast<size_t>(request.picture) >= pictures.size())
      return absl::InternalError(absl::StrCat("there is no style picture ", request.picture));
    return Get(pictures[static_cast<size_t>(request.picture)], request);
  };
}

bool StyleStatisticsCache::Knows(const std::string& picture_sha256) {
  const std::string prefix = absl::StrCat(picture_sha256, "-");
  MutexLock lock(&mutex_);
  return memory_index_.HasPrefix(prefix) || disk_index_.HasPrefix(prefix);
}

StyleStatisticsCache::Counts StyleStatisticsCache::counts() {
  MutexLock lock(&mutex_);
  return counts_;
}

absl::StatusOr<StyleStatisticsCache::Statistics> StyleStatisticsCache::Get(
    const StylePictureId& picture, const engine::StyleStatisticsRequest& request) {
  const std::string key = Key(picture, request);
  if (Statistics found = FromMemory(key); found != nullptr) return found;
  if (Statistics found = FromDisk(key, request.layers); found != nullptr) {
    PutIntoMemory(key, found);
    return found;
  }
  IMPASTO_ASSIGN_OR_RETURN(engine::StyleStatistics computed, request.compute());
  const auto statistics = std::make_shared<const engine::StyleStatistics>(std::move(computed));
  {
    MutexLock lock(&mutex_);
    ++counts_.computed;
  }
  PutIntoMemory(key, statistics);
  PutOnDisk(key, *statistics);
  return statistics;
}

StyleStatisticsCache::Statistics StyleStatisticsCache::FromMemory(const std::string& key) {
  Statistics found;
  bool on_disk = false;
  {
    MutexLock lock(&mutex_);
    if (!memory_index_.Use(key)) return nullptr;
    found = memory_[key];
    ++counts_.from_memory;
    on_disk = disk_index_.Use(key);
  }
  if (on_disk) MarkUse(Path(key));
  return found;
}

StyleStatisticsCache::Statistics StyleStatisticsCache::FromDisk(const std::string& key,
                                                                const std::vector<std::string>& layers) {
  {
    MutexLock lock(&mutex_);
    if (!disk_index_.Use(key)) return nullptr;
  }
  const std::string path = Path(key);
  absl::Status status;
  if (const absl::StatusOr<std::string> bytes = ReadFile(path, options_.max_disk_bytes); bytes.ok()) {
    absl::StatusOr<engine::StyleStatistics> statistics = engine::ParseStyleStatistics(*bytes);
    if (statistics.ok() && statistics->layers == layers) {
      MarkUse(path);
      MutexLock lock(&mutex_);
      ++counts_.from_disk;
      return std::make_shared<const engine::StyleStatistics>(*std::move(statistics));
    }
    status =
        statistics.ok() ? absl::DataLossError("it has other layers than its name says") : statistics.status();
  } else {
    status = bytes.status();
  }
  {
    MutexLock lock(&mutex_);
    disk_index_.Remove(key);
  }
  unlink(path.c_str());
  Warn(absl::StrCat("removed ", path, ", to be computed again: ", status.message()));
  return nullptr;
}

void StyleStatisticsCache::PutIntoMemory(const std::string& key, const Statistics& statistics) {
  const int64_t bytes = Bytes(*statistics);
  if (bytes > options_.max_memory_bytes) return;
  MutexLock lock(&mutex_);
  memory_index_.Put(key, bytes);
  memory_[key] = statistics;
  for (const std::string& evicted : memory_index_.EvictTo(options_.max_memory_bytes)) memory_.erase(evicted);
}

void StyleStatisticsCache::PutOnDisk(const std::string& key, const engine::StyleStatistics& statistics) {
  if (options_.folder.empty()) return;
  const std::string bytes = engine::SerializeStyleStatistics(statistics);
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (size > options_.max_disk_bytes) return;

  absl::Status status = MakeDirectory(options_.folder);
  if (status.ok()) status = WriteFileAtomically(Path(key), bytes);
  std::vector<std::string> evicted;
  bool warn = false;
  {
    MutexLock lock(&mutex_);
    if (status.ok()) disk_index_.Put(key, size);
    evicted = disk_index_.EvictTo(options_.max_disk_bytes);
    // A disk that stays full is told once.
    warn = !status.ok() && !warned_of_writing_;
    warned_of_writing_ = !status.ok();
  }
  for (const std::string& old : evicted) unlink(Path(old).c_str());
  if (warn) Warn(absl::StrCat("style statistics aren't kept on disk: ", status.message()));
}

void StyleStatisticsCache::ReadFolder() {
  if (options_.folder.empty()) return;
  struct File {
    std::string key;
    int64_t bytes = 0;
    fs::file_time_type used;
  };
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    std::error_code gone;
    if (!it->is_regular_file(gone)) continue;
    if (absl::StartsWith(name, ".")) {  // of a server that was killed while it wrote
      fs::remove(it->path(), gone);
      continue;
    }
    absl::string_view key = name;
    if (!absl::ConsumeSuffix(&key, kSuffix)) continue;
    const int64_t bytes = static_cast<int64_t>(it->file_size(gone));
    if (gone) continue;
    const fs::file_time_type used = it->last_write_time(gone);
    if (!gone) files.push_back({std::string(key), bytes, used});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    Warn(absl::StrCat("the style statistics on disk can't be used: ",
                      FileError(error.value(), options_.folder, "read").message()));

  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  std::vector<std::string> evicted;
  {
    MutexLock lock(&mutex_);
    for (const File& file : files) disk_index_.Put(file.key, file.bytes);
    evicted = disk_index_.EvictTo(options_.max_disk_bytes);
  }
  for (const std::string& key : evicted) unlink(Path(key).c_str());
}

std::string StyleStatisticsCache::Path(const std::string& key) const {
  return JoinPath(options_.folder, absl::StrCat(key, kSuffix));
}

void StyleStatisticsCache::Warn(const std::string& line) const {
  if (options_.warn) options_.warn(line);
}

}  // namespace impasto::app
