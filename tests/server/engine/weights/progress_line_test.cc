#include "engine/weights/progress_line.h"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

class SetClock final : public Clock {
 public:
  double NowSeconds() const override { return now; }
  double now = 0;
};

std::string Contents(std::FILE* file) {
  std::rewind(file);
  std::string text(10'000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

TEST(ProgressLineTest, Bar) {
  EXPECT_EQ(ProgressLine::Bar(50'000'000, 100'000'000, 5'200'000, 10),
            "[#####     ]  50 %  50.0 MB of 100.0 MB  5.2 MB/s");
  EXPECT_EQ(ProgressLine::Bar(0, 10, 0, 4), "[    ]   0 %  0 bytes of 10 bytes");
  EXPECT_EQ(ProgressLine::Bar(10, 10, 0, 4), "[####] 100 %  10 bytes of 10 bytes");
  EXPECT_EQ(ProgressLine::Bar(99, 10, 0, 4), "[####] 100 %  99 bytes of 10 bytes");
  EXPECT_EQ(ProgressLine::Bar(2'000, 0, 0, 4), "2.0 kB");
}

TEST(ProgressLineTest, LinesWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  SetClock clock;
  ProgressLine line(file, &clock);
  for (int64_t done = 0; done <= 1000; done += 10) line.Show(done, 1000);
  line.Finish();
  EXPECT_EQ(Contents(file),
            "  10 % of 1.0 kB\n  20 % of 1.0 kB\n  30 % of 1.0 kB\n  40 % of 1.0 kB\n  50 % of 1.0 kB\n"
            "  60 % of 1.0 kB\n  70 % of 1.0 kB\n  80 % of 1.0 kB\n  90 % of 1.0 kB\n  100 % of 1.0 kB\n");
  std::fclose(file);
}

TEST(ProgressLineTest, UnknownTotal) {
  std::FILE* file = std::tmpfile();
  SetClock clock;
  ProgressLine line(file, &clock);
  line.Show(5'000'000, 0);
  line.Show(12'000'000, 0);
  line.Show(13'000'000, 0);
  line.Show(25'000'000, 0);
  EXPECT_EQ(Contents(file), "  12.0 MB\n  25.0 MB\n");
  std::fclose(file);
}

}  // namespace
}  // namespace impasto::engine
