#include "tests/benchmarks/table.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/memory.h"
#include "base/status_macros.h"
#include "base/threads.h"
#include "engine/nets/graph.h"
#include "tests/benchmarks/case.h"
#include "tests/benchmarks/child.h"
#include "tests/benchmarks/json_file.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/peak.h"

namespace impasto::bench {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct Row {
  Case c;
  std::string description;
  std::string left_out;  // why there are no figures
  std::vector<double> seconds;
  double flops = 0;
  double setup_seconds = 0;
  int64_t loaded_bytes = 0;
  int64_t peak_bytes = 0;

  double Min() const { return *std::min_element(seconds.begin(), seconds.end()); }
  double Median() const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    const size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  double Gflops() const { return flops / Median() / 1e9; }
};

struct Table {
  const TableOptions options;
  int threads = 0;
  std::string target;
  std::vector<double> peaks;  // GFLOP/s, one before each size
  std::vector<Row> rows;

  double Peak() const { return *std::max_element(peaks.begin(), peaks.end()); }
};

// As many of the cases as fit into memory, side by side, each in its process. Their steps are made in turn,
// so that whatever disturbs the machine disturbs all alike.
void MeasureTogether(const TableOptions& options, std::vector<Row*> waiting) {
  while (!waiting.empty()) {
    std::vector<std::pair<Row*, std::unique_ptr<Child>>> running;
    std::vector<Row*> later;
    for (Row* row : waiting) {
      const int64_t needed = MemoryGuess(row->c), free = AvailableMemoryBytes();
      if (needed > free) {
        // Alone it may fit.
        if (running.empty()) {
          row->left_out = absl::StrCat("takes up to ", needed >> 20, " MiB, and ", free >> 20, " are free");
        } else {
          later.push_back(row);
        }
        continue;
      }
      absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(row->c);
      if (!child.ok()) {
        row->left_out = std::string(child.status().message());
        continue;
      }
      row->description = (*child)->description();
      row->loaded_bytes = (*child)->loaded_bytes();
      row->setup_seconds = (*child)->setup_seconds();
      running.emplace_back(row, *std::move(child));
    }
    const Clock::time_point start = Clock::now();
    for (int round = 0; round < options.iterations; ++round) {
      const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
      if (round >= 2 && elapsed > options.seconds_per_size) break;
      for (auto& [row, child] : running) {
        if (!row->left_out.empty()) continue;
        const absl::StatusOr<double> seconds = child->Step();
        if (seconds.ok()) {
          row->seconds.push_back(*seconds);
        } else {
          row->left_out = std::string(seconds.status().message());
        }
      }
    }
    for (auto& [row, child] : running) {
      if (!row->left_out.empty()) continue;
      const absl::StatusOr<int64_t> peak = child->Finish();
      if (peak.ok()) {
        row->peak_bytes = *peak;
      } else {
        row->left_out = std::string(peak.status().message());
      }
    }
    waiting = std::move(later);
  }
}

void PrintHeader() {
  std::printf("%-9s %-10s %-20s %9s %9s %9s %7s %7s %9s\n", "model", "size", "executor", "s/it min", "median",
              "GFLOP/s", "% roof", "x cpu", "peak MB");
}

// The rows of one size; the last printed column but one is how many times the cpu executor's median it takes.
void PrintRows(const Table& table, const std::vector<Row*>& rows) {
  std::optional<double> cpu;
  for (const Row* row : rows) {
    if (row->c.executor == "cpu" && row->left_out.empty()) cpu = row->Median();
  }
  for (const Row* row : rows) {
    std::printf("%-9s %-10s %-20s ", row->c.model.c_str(),
                absl::StrCat(row->c.width, "x", row->c.height).c_str(), row->c.executor.c_str());
    if (!row->left_out.empty()) {
      std::printf("left out: %s\n", row->left_out.c_str());
      continue;
    }
    std::printf("%9.3f %9.3f %9.0f %7.0f %7s %9.0f\n", row->Min(), row->Median(), row->Gflops(),
                100 * row->Gflops() / table.Peak(),
                cpu.has_value() ? absl::StrFormat("%.2f", row->Median() / *cpu).c_str() : "-",
                static_cast<double>(row->peak_bytes) / 1e6);
  }
  std::fflush(stdout);
}

// By model and executor, how memory grows with the picture.
std::vector<Json> Growth(const Table& table) {
  std::vector<Json> growth;
  for (const std::string& model : table.options.models) {
    for (const std::string& executor : Executors()) {
      std::vector<double> pixels, bytes;
      for (const Row& row : table.rows) {
        if (row.c.model != model || row.c.executor != executor || !row.left_out.empty()) continue;
        pixels.push_back(static_cast<double>(row.c.width) * row.c.height);
        bytes.push_back(static_cast<double>(row.peak_bytes));
      }
      if (pixels.size() < 2) continue;
      growth.push_back(
          {{"model", model}, {"executor", executor}, {"bytes_per_pixel", BytesPerPixel(pixels, bytes)}});
    }
  }
  return growth;
}

Json ToJson(const Table& table) {
  Json json = {{"processor", Processor()},    {"threads", table.threads},    {"vectors", table.target},
               {"peak_gflops", table.Peak()}, {"peaks_gflops", table.peaks}, {"cases", Json::array()},
               {"growth", Growth(table)}};
  for (const Row& row : table.rows) {
    Json entry = {{"model", row.c.model},
                  {"width", row.c.width},
                  {"height", row.c.height},
                  {"executor", row.c.executor},
                  {"direct_flops", row.flops}};
    if (!row.left_out.empty()) {
      entry["left_out"] = row.left_out;
    } else {
      entry.update(Json{{"description", row.description},
                        {"seconds", row.seconds},
                        {"seconds_min", row.Min()},
                        {"seconds_median", row.Median()},
                        {"gflops", row.Gflops()},
                        {"percent_of_roofline", 100 * row.Gflops() / table.Peak()},
                        {"peak_bytes", row.peak_bytes},
                        {"loaded_bytes", row.loaded_bytes},
                        {"setup_seconds", row.setup_seconds}});
    }
    json["cases"].push_back(std::move(entry));
  }
  return json;
}

absl::Status CheckNames(const std::vector<std::string>& names, const std::vector<std::string>& known,
                        const char* what) {
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name, "\" is no ", what, "; there are ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Size> ParseSize(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, 'x');
  Size size;
  bool good = parts.size() <= 2 && absl::SimpleAtoi(parts[0], &size.width);
  if (good && parts.size() == 2) good = absl::SimpleAtoi(parts[1], &size.height);
  if (good && parts.size() == 1) size.height = size.width * 3 / 4;
  const auto outside = [](int side) { return side < kSmallestSide || side > kLargestSide; };
  if (!good || outside(size.width) || outside(size.height)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is no size: a long side such as 512, or 512x384, from 16 to 8192 pixels"));
  }
  return size;
}

double BytesPerPixel(const std::vector<double>& pixels, const std::vector<double>& bytes) {
  std::vector<std::pair<double, double>> points;
  for (size_t i = 0; i < pixels.size(); ++i) points.emplace_back(pixels[i], bytes[i]);
  std::sort(points.begin(), points.end());
  if (points.size() < 2) return 0;
  const auto& [pixels_before, bytes_before] = points[points.size() - 2];
  const auto& [most_pixels, most_bytes] = points.back();
  return most_pixels > pixels_before ? (most_bytes - bytes_before) / (most_pixels - pixels_before) : 0;
}

absl::Status RunTable(const TableOptions& options) {
  IMPASTO_RETURN_IF_ERROR(CheckNames(options.models, engine::ModelNames(), "model"));
  IMPASTO_RETURN_IF_ERROR(CheckNames(options.executors, Executors(), "executor"));
  Table table{.options = options};
  table.threads = options.threads > 0 ? options.threads : AvailableThreads();
  const std::vector<std::string>& executors = options.executors.empty() ? Executors() : options.executors;

  // Before a single row is made, so that they stay where they are.
  for (const std::string& model : options.models) {
    for (const Size& size : options.sizes) {
      for (const std::string& executor : executors) {
        if (!Runs(executor, model)) continue;
        if (executor != "cpu" && std::max(size.width, size.height) > options.rivals_up_to) continue;
        Row row{.c = {.model = model,
                      .width = size.width,
                      .height = size.height,
                      .executor = executor,
                      .threads = table.threads,
                      .weights = options.weights}};
        IMPASTO_ASSIGN_OR_RETURN(row.flops, DirectFlopsOf(row.c));
        table.rows.push_back(std::move(row));
      }
    }
  }

  std::printf("%s\n%d threads\n", Processor().c_str(), table.threads);
  for (size_t begin = 0; begin < table.rows.size();) {
    const auto same = [&](const Row& row) {
      const Case &a = row.c, &b = table.rows[begin].c;
      return a.model == b.model && a.width == b.width && a.height == b.height;
    };
    size_t end = begin;
    std::vector<Row*> group;
    for (; end < table.rows.size() && same(table.rows[end]); ++end) group.push_back(&table.rows[end]);
    const Peak peak = MeasurePeak(table.threads);
    table.target = peak.target;
    table.peaks.push_back(peak.gflops);
    if (begin == 0) {
      std::printf("floating-point peak %.0f GFLOP/s (%s)\n\n", peak.gflops, peak.target.c_str());
      PrintHeader();
    }
    MeasureTogether(options, group);
    PrintRows(table, group);
    begin = end;
  }

  if (table.rows.empty())
    return absl::InvalidArgumentError("no case is left of these models, sizes and executors");
  std::printf("\nfloating-point peak over the run: %.0f GFLOP/s\n", table.Peak());
  for (const Json& line : Growth(table)) {
    std::printf("%s, %s: memory grows by %.0f bytes a pixel\n", line["model"].get<std::string>().c_str(),
                line["executor"].get<std::string>().c_str(), line["bytes_per_pixel"].get<double>());
  }
  return WriteJsonFile(options.json_file, ToJson(table));
}

}  // namespace impasto::bench
