#include "engine/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

SharedNumbers Numbers(std::vector<float> numbers) {
  return std::make_shared<const std::vector<float>>(std::move(numbers));
}

RunState Example() {
  return {.evaluations = 12,
          .steps = 12,
          .level = 1,
          .level_evaluations = 4,
          .level_ended = true,
          .level_iterations = {8, 4, 9},
          .stall_window = {3.5, 3.25},
          .changes = {{.steps = 3, .content_weight = 2, .iterations = 30, .style_layers = {{"a", 0.5}}},
                      {.steps = 3, .tv_weight = 0, .learning_rate = 7, .style_picture_weights = {1, 2}},
                      {.steps = 5, .style_weight = 1e-2, .content_layers = {{"b", 0}, {"c", 1}}}},
          .current = {.width = 2, .height = 1, .rgb = {1, 2, 3, 4, 5, 6}},
          .best = std::make_shared<const Image>(Image{.width = 1, .height = 2, .rgb = {6, 5, 4, 3, 2, 0.1f}}),
          .best_loss = INFINITY,
          .best_evaluation = 11,
          .best_level = 1,
          .best_loss_is_stale = true,
          .optimizer = {.counters = {1, -5, int64_t{1} << 40},
                        .scalars = {0.1, -1e300},
                        .vectors = {Numbers({1, -2, 3.5f}), Numbers({}), Numbers({7})}}};
}

std::string Written(const RunState& state) {
  std::string bytes;
  EXPECT_TRUE(WriteRunState(state, [&](absl::string_view piece) {
                bytes.append(piece.data(), piece.size());
                return absl::OkStatus();
              }).ok());
  return bytes;
}

absl::StatusOr<RunState> Read(const std::string& bytes) {
  std::istringstream in(bytes);
  return ReadRunState(in);
}

TEST(RunStateTest, ComesBackAsItWas) {
  const RunState state = Example();
  const absl::StatusOr<RunState> read = Read(Written(state));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->evaluations, 12);
  EXPECT_EQ(read->steps, 12);
  EXPECT_EQ(read->level, 1);
  EXPECT_EQ(read->level_evaluations, 4);
  EXPECT_TRUE(read->level_ended);
  EXPECT_FALSE(read->done);
  EXPECT_EQ(read->level_iterations, state.level_iterations);
  EXPECT_EQ(read->stall_window, state.stall_window);
  EXPECT_EQ(read->changes, state.changes);
  EXPECT_EQ(read->current.width, 2);
  EXPECT_EQ(read->current.height, 1);
  EXPECT_EQ(read->current.rgb, state.current.rgb);
  EXPECT_EQ(read->best->width, 1);
  EXPECT_EQ(read->best->rgb, state.best->rgb);
  EXPECT_EQ(read->best_loss, INFINITY);
  EXPECT_EQ(read->best_evaluation, 11);
  EXPECT_EQ(read->best_level, 1);
  EXPECT_TRUE(read->best_loss_is_stale);
  EXPECT_EQ(read->optimizer.counters, state.optimizer.counters);
  EXPECT_EQ(read->optimizer.scalars, state.optimizer.scalars);
  ASSERT_EQ(read->optimizer.vectors.size(), 3u);
  for (size_t k = 0; k < 3; ++k) EXPECT_EQ(*read->optimizer.vectors[k], *state.optimizer.vectors[k]);
}

TEST(RunStateTest, ReadsNoMoreThanWasWritten) {
  std::istringstream in(Written(Example()) + "next");
  ASSERT_TRUE(ReadRunState(in).ok());
  std::string rest;
  in >> rest;
  EXPECT_EQ(rest, "next");
}

TEST(RunStateTest, LargeNumbersComeInPiecesOfWhatIsThere) {
  // More than a piece of the reader's, and not a multiple of it.
  RunState state = Example();
  std::vector<float> many(1'000'003);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
  state.optimizer.vectors = {Numbers(many)};
  const absl::StatusOr<RunState> read = Read(Written(state));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read->optimizer.vectors[0], many);
  EXPECT_EQ(read->optimizer.vectors[0]->capacity(), many.size());
}

TEST(RunStateTest, TheSinksErrorEndsTheWriting) {
  for (int good = 0; good < 8; ++good) {
    int pieces = 0;
    const absl::Status status = WriteRunState(Example(), [&](absl::string_view) {
      return pieces++ < good ? absl::OkStatus() : absl::ResourceExhaustedError("the disk is full");
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(pieces, good + 1);
  }
}

TEST(RunStateTest, EveryPrefixIsCutShort) {
  const std::string bytes = Written(Example());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Read(bytes.substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
}

TEST(RunStateTest, ForeignBytesAreRefusedAndNewerVersionsNamed) {
  std::string bytes = Written(Example());
  EXPECT_THAT(std::string(Read("no state of any run").status().message()), HasSubstr("isn't the state"));
  bytes[4] = 2;
  const absl::Status newer = Read(bytes).status();
  EXPECT_EQ(newer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(newer.message()), HasSubstr("version 2"));
  bytes[4] = 0;
  EXPECT_EQ(Read(bytes).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RunStateTest, BytesThatPromiseMuchGetLittleMemory) {
  // A header of 16 MiB, pictures of 32768 x 32768 and vectors of as many numbers, and nothing behind them:
  // only what comes is kept, or this test would take gigabytes.
  std::string bytes = Written(Example()).substr(0, 8);
  bytes += std::string("\x00\x00\x00\x01", 4);
  EXPECT_EQ(Read(bytes).status().code(), absl::StatusCode::kDataLoss);
  bytes.back() = '\x7f';
  EXPECT_THAT(std::string(Read(bytes).status().message()), HasSubstr("nonsense"));
  RunState huge = Example();
  huge.current.width = huge.current.height = 1 << 15;
  EXPECT_THAT(std::string(Read(Written(huge)).status().message()), HasSubstr("cut short"));
  huge.current.width = 1 << 16;
  EXPECT_THAT(std::string(Read(Written(huge)).status().message()), HasSubstr("65536 x 32768"));
  huge.current.width = 0;
  EXPECT_EQ(Read(Written(huge)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RunStateTest, FlippedBitsNeverCrash) {
  const std::string good = Written(Example());
  std::mt19937 generator(7);
  for (int k = 0; k < 20'000; ++k) {
    std::string bytes = good;
    for (unsigned flips = 1 + generator() % 4; flips > 0; --flips)
      bytes[generator() % bytes.size()] ^= static_cast<char>(1 << generator() % 8);
    const absl::StatusOr<RunState> read = Read(bytes);
    if (read.ok()) {
      const absl::Status fits = CheckRunState(*read, {4, 2}, 3);
      EXPECT_TRUE(fits.ok() || absl::IsInvalidArgument(fits)) << fits;
    } else {
      EXPECT_TRUE(absl::IsDataLoss(read.status()) || absl::IsFailedPrecondition(read.status()))
          << read.status();
    }
  }
}

}  // namespace
}  // namespace impasto::engine
