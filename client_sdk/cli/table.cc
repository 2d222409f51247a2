#include "cli/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace impasto::cli {

void PrintTable(const std::vector<Row>& rows, std::ostream* out) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, row[i], std::string(widths[i] - row[i].size() + 2, ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    *out << line << "\n";
  }
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string ShortName(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace impasto::cli
