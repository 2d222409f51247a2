#include "app/access_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/certificates.h"

namespace impasto::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AccessFilesTest : public ::testing::Test {
 protected:
  AccessFilesTest() {
    std::string name = ::testing::TempDir() + "access_files_XXXXXX";
    folder_ = absl::StrCat(mkdtemp(name.data()), "/");
  }
  std::string Write(const std::string& text, mode_t mode) {
    const std::string path = folder_ + "tokens";
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string folder_;
  std::vector<std::string> warnings_;
  const Warn warn_ = [this](const std::string& line) { warnings_.push_back(line); };
};

TEST_F(AccessFilesTest, ReadsTokens) {
  EXPECT_EQ(*ReadTokenFile("", warn_), std::nullopt);
  const auto tokens = ReadTokenFile(Write("anna sixteen.letters.", 0600), warn_);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ((*tokens)->NameOf("sixteen.letters."), "anna");
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(AccessFilesTest, WarnsOfTokensThatOthersCanRead) {
  const std::string path = Write("anna sixteen.letters.", 0640);
  ASSERT_TRUE(ReadTokenFile(path, warn_).ok());
  EXPECT_THAT(warnings_,
              ElementsAre(absl::StrCat(path, " can be read by others than its owner: chmod 600 ", path)));
}

TEST_F(AccessFilesTest, NamesFlagFileAndLine) {
  const std::string path = Write("anna short", 0600);
  EXPECT_EQ(ReadTokenFile(path, warn_).status(),
            absl::InvalidArgumentError(absl::StrCat(
                "--token-file: ", path, ": line 1: the token of anna has 5 characters; 16..512 are taken")));
  const absl::Status missing = ReadTokenFile(folder_ + "none", warn_).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr(absl::StrCat("--token-file: ", folder_, "none")));
}

TEST_F(AccessFilesTest, LooksAtTheCertificate) {
  EXPECT_TRUE(CheckTlsFiles(std::nullopt, absl::Now(), warn_).ok());
  testing::CertificateAuthority authority(folder_);
  authority.Issue({"DNS:localhost"}, /*days=*/30);
  const KeyPairFiles files{.certificate = authority.certificate_file(), .key = authority.key_file()};
  EXPECT_TRUE(CheckTlsFiles(files, absl::Now(), warn_).ok());
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_TRUE(CheckTlsFiles(files, absl::Now() + absl::Hours(24 * 25), warn_).ok());
  EXPECT_TRUE(CheckTlsFiles(files, absl::Now() + absl::Hours(24 * 31), warn_).ok());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr(absl::StrCat(files.certificate, " is valid until 20")),
                                     HasSubstr(absl::StrCat(files.certificate, " was valid until 20"))));
  const absl::Status wrong =
      CheckTlsFiles(KeyPairFiles{files.certificate, files.certificate}, absl::Now(), warn_);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(wrong.message(), HasSubstr(absl::StrCat("--tls-cert, --tls-key: ", files.certificate)));
}

}  // namespace
}  // namespace impasto::app
