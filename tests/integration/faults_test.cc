// The fault matrix: every fault befalls every kind of call, and no job, result or memory is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "imaging/picture.h"
#include "tests/integration/fault_cells.h"

namespace impasto {
namespace {

using testing::FaultBench;
using testing::FaultCell;
using testing::FaultCells;
using testing::FaultServer;
using testing::Seen;
using testing::Where;

FaultBench* bench = nullptr;

std::string Row(const FaultCell& cell, const Seen& seen) {
  return absl::StrCat("| ", cell.call, " | ", cell.fault, " | ", seen.client, " | ", seen.server, " | ",
                      seen.job, " |");
}

Seen SeenIn(const FaultCell& cell, FaultServer& any) {
  if (cell.where == Where::kAnyServer) return cell.run(any);
  FaultServer own(bench, cell.where == Where::kSmallDisk ? bench->disk().StateDir() : "");
  return cell.run(own);
}

void ExpectAsExpected(const FaultCell& cell, const Seen& seen) {
  EXPECT_EQ(Row(cell, seen), Row(cell, cell.expected));
}

TEST(FaultsTest, EveryCellOnce) {
  const std::vector<FaultCell>& cells = FaultCells();
  FaultServer any(bench);
  std::vector<Seen> seen(cells.size());
  // These wait for half a minute, and meanwhile the others go on.
  std::vector<std::future<void>> waiting;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].where != Where::kSilentWire) continue;
    waiting.push_back(std::async(std::launch::async, [&, i] { seen[i] = SeenIn(cells[i], any); }));
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].where != Where::kSilentWire) seen[i] = SeenIn(cells[i], any);
  }
  for (std::future<void>& cell : waiting) cell.wait();

  std::printf("| call | fault | the client sees | the server | the job |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < cells.size(); ++i) std::printf("%s\n", Row(cells[i], seen[i]).c_str());
  for (size_t i = 0; i < cells.size(); ++i) ExpectAsExpected(cells[i], seen[i]);
}

TEST(FaultsTest, TheDocumentHasThisMatrix) {
  std::ifstream document(IMPASTO_FAULTS_DOCUMENT);
  ASSERT_TRUE(document.good()) << IMPASTO_FAULTS_DOCUMENT;
  std::vector<std::string> rows, expected;
  for (std::string line; std::getline(document, line);) {
    if (absl::StartsWith(line, "| unary") || absl::StartsWith(line, "| stream")) rows.push_back(line);
  }
  for (const FaultCell& cell : FaultCells()) expected.push_back(Row(cell, cell.expected));
  EXPECT_EQ(rows, expected);
}

// FAULT_CYCLES=1000 for the measure.
TEST(FaultsTest, OverAndOverOnOneServerNoMemoryIsLost) {
  constexpr int kFirst = 100;
  int cycles = 20;
  const char* const wanted = std::getenv("FAULT_CYCLES");
  if (wanted != nullptr) {
    ASSERT_TRUE(absl::SimpleAtoi(wanted, &cycles) && cycles >= 2 * kFirst) << "FAULT_CYCLES=" << wanted;
  }
  std::vector<FaultCell> cells;
  for (const FaultCell& cell : FaultCells()) {
    if (cell.where == Where::kAnyServer) cells.push_back(cell);
  }
  FaultServer server(bench);
  int64_t after_first = 0;
  for (int cycle = 1; cycle <= cycles; ++cycle) {
    const FaultCell& cell = cells[static_cast<size_t>(cycle) % cells.size()];
    ExpectAsExpected(cell, cell.run(server));
    if (::testing::Test::HasFailure()) FAIL() << "in cycle " << cycle;
    if (cycle % kFirst != 0) continue;
    const int64_t bytes = server.process().ResidentBytes();
    std::printf("after cycle %4d: %.1f MB resident\n", cycle, static_cast<double>(bytes) / 1e6);
    std::fflush(stdout);
    if (cycle == kFirst) after_first = bytes;
  }
  if (cycles > kFirst) EXPECT_LE(server.process().ResidentBytes(), after_first * 105 / 100);
}

}  // namespace
}  // namespace impasto

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  impasto::testing::SmallDisk disk;  // first: it wants a program of one thread
  if (const absl::Status status = impasto::imaging::Init(1); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  const int client = impasto::testing::FaultClientMain(argc, argv);
  if (client >= 0) return client;
  impasto::testing::FaultBench bench("/proc/self/exe", &disk);
  impasto::bench = &bench;
  return RUN_ALL_TESTS();
}
