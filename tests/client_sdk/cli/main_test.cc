// The program's outermost layer: version, help, unknown commands.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/version.h"
#include "tests/client_sdk/cli/cli_process.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::CliProcess;
using ::testing::HasSubstr;

TEST(MainTest, PrintsItsVersion) {
  const std::string expected = "impasto " + std::string(ClientVersion()) + "\n";
  for (const std::string argument : {"--version", "version"}) {
    CliProcess process({argument});
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_EQ(process.out(), expected);
    EXPECT_EQ(process.err(), "");
  }
}

TEST(MainTest, HelpGoesToStdoutAndHasTheRanges) {
  CliProcess process({"stylize", "--help"});
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_EQ(process.err(), "");
  for (const std::string text :
       {"--iterations N", "1..100000", "--max-size PIXELS", "16..8192", "--learning-rate RATE",
        "above 0, up to 255", "--keep-on-interrupt", "130 cancelled"}) {
    EXPECT_THAT(process.out(), HasSubstr(text));
  }
}

TEST(MainTest, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"paint"}, {"--bogus"}, {"models"}, {"version", "extra"}}) {
    CliProcess process(arguments);
    EXPECT_EQ(process.Wait(), 2);
    EXPECT_EQ(process.out(), "");
    EXPECT_THAT(process.err(), HasSubstr("--help"));
  }
}

}  // namespace
}  // namespace impasto::cli
