#include "cli/progress_view.h"

#include <limits>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);  // 22:13:20 UTC

v1::Progress At(int iteration, int iterations, int elapsed_ms, int remaining_s) {
  v1::Progress progress =
      testing::ProgressEvent(iteration, iterations, 34215678.9, 1.25e7, 2.17e7, elapsed_ms).progress();
  progress.mutable_remaining()->set_seconds(remaining_s);
  return progress;
}

TEST(ProgressViewTest, WritesALineForEachTenthOnAPipe) {
  std::ostringstream out;
  {
    ProgressView view(&out, {});
    for (int k = 1; k <= 101; ++k) {
      view.Update(At(k, 100, (k - 1) * 500, (101 - k) / 2), kNow);
    }
  }
  std::istringstream lines(out.str());
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_EQ(line.substr(0, line.find(' ')), std::to_string(count * 10) + "/100");
    ++count;
  }
  EXPECT_EQ(count, 11);
}

TEST(ProgressViewTest, WritesALineWhenItWasSilentForLong) {
  std::ostringstream out;
  ProgressView view(&out, {});
  view.Update(At(1, 1000, 0, 3000), kNow);
  view.Update(At(2, 1000, 3000, 2997), kNow + absl::Seconds(29));
  view.Update(At(3, 1000, 6000, 2994), kNow + absl::Seconds(30));
  EXPECT_EQ(
      out.str(),
      "0/1000  loss 3.422e+07 (content 1.25e+07, style 2.17e+07)  50 min 0 s left, ends 23:03:20\n"
      "2/1000  loss 3.422e+07 (content 1.25e+07, style 2.17e+07)  3 s/it  49 min 54 s left, ends 23:03:44\n");
}

TEST(ProgressViewTest, NamesTheLevelWhereThereAreSeveral) {
  std::ostringstream out;
  ProgressView view(&out, {});
  v1::Progress progress = At(3, 4, 2600, 10);
  progress.set_level(0);
  progress.set_levels(2);
  view.Update(progress, kNow);
  EXPECT_EQ(out.str().substr(0, out.str().find("  ")), "2/4 (level 1 of 2)");
}

TEST(ProgressViewTest, SaysAtTheEndHowLongItTook) {
  std::ostringstream out;
  ProgressView view(&out, {});
  view.Update(At(5, 4, 2600, 0), kNow);
  EXPECT_EQ(out.str(), "4/4  loss 3.422e+07 (content 1.25e+07, style 2.17e+07)  0.65 s/it  in 2.6 s\n");
}

TEST(ProgressViewTest, NamesTheDayOfAFarEnd) {
  std::ostringstream out;
  ProgressView view(&out, {});
  view.Update(At(1, 4, 0, 86400), kNow);
  EXPECT_EQ(
      out.str(),
      "0/4  loss 3.422e+07 (content 1.25e+07, style 2.17e+07)  24 h 0 min left, ends 2023-11-15 22:13\n");
}

TEST(ProgressViewTest, DrawsABarOnATerminal) {
  std::ostringstream out;
  {
    ProgressView view(&out, {.terminal = true, .columns = 140});
    view.Update(At(51, 100, 25000, 25), kNow);
  }
  EXPECT_EQ(out.str(),
            "\r[###############...............] 50/100  loss 3.422e+07 (content 1.25e+07, style 2.17e+07)  "
            "0.5 s/it  "
            "25 s left, ends 22:13:45\x1b[K\n");
}

TEST(ProgressViewTest, DrawsAtMostTenTimesASecondButTheLastAlways) {
  std::ostringstream out;
  ProgressView view(&out, {.terminal = true, .columns = 140});
  view.Update(At(1, 2, 0, 1), kNow);
  const size_t first = out.str().size();
  view.Update(At(2, 2, 1, 1), kNow + absl::Milliseconds(99));
  EXPECT_EQ(out.str().size(), first);
  view.Update(At(3, 2, 2, 0), kNow + absl::Milliseconds(99));
  EXPECT_GT(out.str().size(), first);
}

TEST(ProgressViewTest, NeverFillsTheLine) {
  for (int columns : {0, 1, 20, 80, 100, 300}) {
    std::ostringstream out;
    {
      ProgressView view(&out, {.terminal = true, .columns = columns});
      view.Update(At(51, 100, 25000, 25), kNow);
    }
    const std::string drawn = out.str();
    const size_t width = drawn.find("\x1b[K") - 1;
    EXPECT_LE(width, static_cast<size_t>(std::max(columns - 1, 0))) << columns;
  }
}

TEST(ProgressViewTest, SaysLinesAboveTheBar) {
  std::ostringstream out;
  ProgressView view(&out, {.terminal = true, .columns = 12});
  view.Say("before");
  view.Update(At(51, 100, 25000, 25), kNow);
  view.Say("after");
  EXPECT_EQ(out.str(), "before\n\r50/100  los\x1b[K\r\x1b[Kafter\n50/100  los");
}

TEST(ProgressViewTest, AQuestionHoldsTheRestBack) {
  std::ostringstream out;
  {
    ProgressView view(&out, {.terminal = true, .columns = 40});
    view.Update(testing::ProgressEvent(1, 2, 30, 20, 10, 0).progress(), absl::UnixEpoch());
    out.str("");
    view.Ask("Really? ");
    view.Update(testing::ProgressEvent(3, 2, 10, 5, 5, 0).progress(), absl::UnixEpoch() + absl::Hours(1));
    view.Say("first");
    view.Say("second");
    EXPECT_EQ(out.str(), "\r\x1b[KReally? ");
    view.Ask("Really? ");
    out.str("");
    view.Answered();
    EXPECT_EQ(out.str(), "first\nsecond\n");
    view.Say("third");
    EXPECT_EQ(out.str(), "first\nsecond\nthird\n");
  }
}

}  // namespace
}  // namespace impasto::cli
