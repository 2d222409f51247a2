#include "base/memory.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace impasto {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// The number of a line such as "VmHWM:     1234 kB", in bytes; 0 where there is none.
int64_t KilobytesLine(const std::string& path, absl::string_view key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.first != key) continue;
    int64_t kilobytes = 0;
    const std::vector<absl::string_view> words = absl::StrSplit(parts.second, ' ', absl::SkipWhitespace());
    if (!words.empty() && absl::SimpleAtoi(words.front(), &kilobytes) && kilobytes > 0 &&
        kilobytes <= kUnlimited / 1024)
      return kilobytes * 1024;
  }
  return 0;
}

// What a control group's file allows. "max", a missing file and nonsense allow everything, and so does 0: no
// process could have been started in it.
int64_t Limit(const std::string& path) {
  std::ifstream in(path);
  std::string word;
  int64_t bytes = 0;
  return in >> word && absl::SimpleAtoi(word, &bytes) && bytes > 0 ? bytes : kUnlimited;
}

// The least limit of a group ("/a/b") and those above it. In a container the group's path may be the host's,
// which isn't there inside: then what counts is the mount's own top, where the walk ends.
int64_t LimitUpwards(const std::string& mount, std::string group, const char* file) {
  if (absl::StrContains(group, "..")) group.clear();
  int64_t least = kUnlimited;
  for (;;) {
    while (!group.empty() && group.back() == '/') group.pop_back();
    least = std::min(least, Limit(absl::StrCat(mount, group, "/", file)));
    if (group.empty()) return least;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

int64_t GroupLimit(const std::string& root) {
  const std::string mount = absl::StrCat(root, "/sys/fs/cgroup");
  int64_t least = kUnlimited;
  std::ifstream in(absl::StrCat(root, "/proc/self/cgroup"));
  // Lines are NUMBER:CONTROLLERS:GROUP; version 2 has number 0 and no controllers.
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<absl::string_view> controllers = absl::StrSplit(parts[1], ',');
    if (parts[0] == "0" && parts[1].empty()) {
      least = std::min({least, LimitUpwards(mount, parts[2], "memory.max"),
                        LimitUpwards(absl::StrCat(mount, "/unified"), parts[2], "memory.max")});
    } else if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end()) {
      least =
          std::min(least, LimitUpwards(absl::StrCat(mount, "/memory"), parts[2], "memory.limit_in_bytes"));
    }
  }
  return least;
}

}  // namespace

int64_t MachineMemoryBytes(const std::string& root) {
  const int64_t machine = KilobytesLine(absl::StrCat(root, "/proc/meminfo"), "MemTotal");
  const int64_t group = GroupLimit(root);
  if (machine == 0) return group == kUnlimited ? 0 : group;
  return std::min(machine, group);
}

int64_t AvailableMemoryBytes(const std::string& root) {
  return KilobytesLine(absl::StrCat(root, "/proc/meminfo"), "MemAvailable");
}

int64_t ResidentBytes(const std::string& root) {
  return KilobytesLine(absl::StrCat(root, "/proc/self/status"), "VmRSS");
}

// Not getrusage's figure, which starts with what the parent held when it forked.
int64_t PeakResidentBytes(const std::string& root) {
  return KilobytesLine(absl::StrCat(root, "/proc/self/status"), "VmHWM");
}

void SetUpAllocator() {
  // Threads that come and go with jobs and calls would each leave freed memory in an arena of their own.
  mallopt(M_ARENA_MAX, 2);
  // By itself glibc raises this up to 32 MiB as blocks are freed. Maps and pictures below that would then lie
  // on one heap with holes between them: a job of the Torch executor takes a quarter more memory so, and
  // hardly any of it goes back before malloc_trim.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t whole) {
  const auto bad = [text](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text.substr(0, 64), "\" ", why,
                     "; an amount of memory is 12G, 1.5G, 512M or 64K, a number "
                     "of bytes, or a share such as 70%"));
  };
  absl::string_view number = text;
  double unit = 1;
  bool share = false;
  if (!number.empty()) {
    switch (number.back()) {
      case 'k':
      case 'K':
        unit = 1024.0;
        break;
      case 'm':
      case 'M':
        unit = 1024.0 * 1024;
        break;
      case 'g':
      case 'G':
        unit = 1024.0 * 1024 * 1024;
        break;
      case '%':
        share = true;
        break;
    }
    if (unit != 1 || share) number.remove_suffix(1);
  }
  // Digits and a point alone: no signs, no exponents, no "inf", no blanks.
  double value = 0;
  if (number.empty() || number.find_first_not_of("0123456789.") != absl::string_view::npos ||
      !absl::SimpleAtod(number, &value)) {
    return bad("is no amount");
  }
  if (share) {
    if (!(value > 0 && value <= 100)) return bad("is not above 0% and at most 100%");
    if (whole <= 0) return bad("is a share of the machine's memory, which can't be found out");
    return std::max(int64_t{1}, static_cast<int64_t>(static_cast<double>(whole) / 100 * value));
  }
  const double bytes = value * unit;
  if (bytes < 1) return bad("is less than one byte");
  if (bytes >= static_cast<double>(std::numeric_limits<int64_t>::max())) return bad("is too much");
  return static_cast<int64_t>(bytes);
}

}  // namespace impasto
