#include "cli/styles_command.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Style StyleNamed(const std::string& id, const std::string& name) {
  v1::Style style;
  style.set_name("styles/" + id);
  style.set_display_name(name);
  style.set_width(640);
  style.set_height(480);
  style.set_size_bytes(2048);
  style.set_thumbnail("JPEG of " + id);
  style.mutable_create_time()->set_seconds(1000);
  return style;
}

class StylesCommandTest : public ::testing::Test {
 protected:
  StylesCommandTest() { server_.SetStyles({StyleNamed("3f2a", "Starry night"), StyleNamed("b0", "")}); }

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "styles");
    arguments.insert(arguments.end(), {"--server", server_.address()});
    CliProcess process(arguments, {.environment = {"TZ=UTC"}});
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  FakeServer server_;
  const std::string dir_ = MakeTestDir();
  std::string out_;
  std::string err_;
};

TEST_F(StylesCommandTest, AddsAPicture) {
  WriteFile(dir_ + "painting.jpg", "PAINTING");
  EXPECT_EQ(Run({"add", dir_ + "painting.jpg", "--name", "Night"}), 0);
  EXPECT_EQ(out_, "styles/1\n");
  ASSERT_THAT(server_.created_styles(), ::testing::SizeIs(1));
  EXPECT_EQ(server_.created_styles()[0].picture().encoded(), "PAINTING");
  EXPECT_EQ(server_.created_styles()[0].display_name(), "Night");
  EXPECT_EQ(Run({"add", dir_ + "none.jpg"}), 2);
  server_.SetUnaryStatus({grpc::StatusCode::RESOURCE_EXHAUSTED, "the library is full: delete some"});
  EXPECT_EQ(Run({"add", dir_ + "painting.jpg"}), 1);
  EXPECT_THAT(err_, StartsWith("impasto: the library is full: delete some\n"));
}

TEST_F(StylesCommandTest, ListsAllWithThumbnails) {
  EXPECT_EQ(Run({"list", "--thumbnails", dir_ + "thumbs"}), 0);
  EXPECT_THAT(out_, StartsWith("STYLE  SIZE     FILE   AGE"));
  EXPECT_THAT(out_, HasSubstr("3f2a   640x480  2 KiB  "));
  EXPECT_THAT(ListDir(dir_ + "thumbs"), ElementsAre("3f2a.jpg", "b0.jpg"));
  EXPECT_EQ(ReadFile(dir_ + "thumbs/b0.jpg"), "JPEG of b0");
  EXPECT_EQ(Run({"list", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"display_name\": \"Starry night\""));
  EXPECT_EQ(Run({"list", "--inline"}), 0);
  EXPECT_EQ(out_,
            "3f2a  Starry night\n\x1b]1337;File=inline=1;size=12:SlBFRyBvZiAzZjJh\x07\n"
            "b0  \n\x1b]1337;File=inline=1;size=10:SlBFRyBvZiBiMA==\x07\n");
}

TEST_F(StylesCommandTest, ShowsOne) {
  EXPECT_EQ(Run({"show", "styles/3f2a"}), 0);
  EXPECT_EQ(out_,
            "style   styles/3f2a\n"
            "name    Starry night\n"
            "size    640x480\n"
            "file    2 KiB\n"
            "sha256  -\n"
            "added   1970-01-01 00:16:40\n");
  EXPECT_EQ(Run({"show", "none"}), 1);
  EXPECT_EQ(err_,
            "impasto: no style \"styles/none\"\n  `impasto styles list` shows the styles that there are.\n");
}

TEST_F(StylesCommandTest, RemovesEachThatItCan) {
  EXPECT_EQ(Run({"rm", "3f2a", "none", "styles/b0"}), 1);
  EXPECT_EQ(out_, "styles/3f2a: removed\nstyles/b0: removed\n");
  EXPECT_THAT(server_.calls(),
              ElementsAre("DeleteStyle styles/3f2a", "DeleteStyle styles/none", "DeleteStyle styles/b0"));
}

TEST(PrintStylesTest, SaysHowOldTheyAre) {
  v1::Style used = StyleNamed("a", "x");
  used.mutable_last_use_time()->set_seconds(1050);
  std::ostringstream out;
  PrintStyles({used, StyleNamed("b", "")}, absl::FromUnixSeconds(1100), &out);
  EXPECT_EQ(out.str(),
            "STYLE  SIZE     FILE   AGE         LAST USED  NAME\n"
            "a      640x480  2 KiB  1 min 40 s  50 s ago   x\n"
            "b      640x480  2 KiB  1 min 40 s  -\n");
}

}  // namespace
}  // namespace impasto::cli
