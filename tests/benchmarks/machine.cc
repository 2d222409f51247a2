#include "tests/benchmarks/machine.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace impasto::bench {
namespace {

// The number of a line such as "VmHWM:     1234 kB", in bytes; 0 where there is none.
int64_t KilobytesLine(const char* path, absl::string_view key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.first != key) continue;
    int64_t kilobytes = 0;
    const std::vector<absl::string_view> words = absl::StrSplit(parts.second, ' ', absl::SkipWhitespace());
    if (!words.empty() && absl::SimpleAtoi(words.front(), &kilobytes)) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::string Processor() {
  std::ifstream in("/proc/cpuinfo");
  std::string name = "unknown processor", found;
  bool named = false, flagged = false;
  for (std::string line; std::getline(in, line);) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    const absl::string_view key = absl::StripTrailingAsciiWhitespace(parts.first);
    if (key == "model name" && !named) {
      name = std::string(parts.second);
      named = true;
    } else if (key == "flags" && !flagged) {
      flagged = true;
      const std::vector<absl::string_view> flags = absl::StrSplit(parts.second, ' ');
      for (const char* flag : {"sse4_2", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512dq", "avx512bw",
                               "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile"}) {
        if (std::find(flags.begin(), flags.end(), flag) != flags.end()) absl::StrAppend(&found, " ", flag);
      }
    }
  }
  return absl::StrCat(name, ":", found);
}

int64_t AvailableMemory() { return KilobytesLine("/proc/meminfo", "MemAvailable"); }
// Not getrusage's figure, which starts with what the parent held when it forked.
int64_t PeakMemory() { return KilobytesLine("/proc/self/status", "VmHWM"); }
int64_t CurrentMemory() { return KilobytesLine("/proc/self/status", "VmRSS"); }

}  // namespace impasto::bench
