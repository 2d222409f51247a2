#include "cli/table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  std::ostringstream out;
  PrintTable({{"A", "B", "C"}, {"long", "x"}, {"y", "", "z"}}, &out);
  EXPECT_EQ(out.str(),
            "A     B  C\n"
            "long  x\n"
            "y        z\n");
}

TEST(TableTest, ShortNamesComeAfterTheCollection) {
  EXPECT_EQ(ShortName("jobs/abc"), "abc");
  EXPECT_EQ(ShortName("abc"), "abc");
  EXPECT_EQ(OrDash(""), "-");
  EXPECT_EQ(OrDash("x"), "x");
}

}  // namespace
}  // namespace impasto::cli
