#include "tests/benchmarks/machine.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace impasto::bench {

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

}  // namespace impasto::bench
