#include "base/key_pair.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/certificates.h"

namespace impasto {
namespace {

class KeyPairTest : public ::testing::Test {
 protected:
  KeyPairTest() {
    std::string name = ::testing::TempDir() + "key_pair_XXXXXX";
    folder_ = absl::StrCat(mkdtemp(name.data()), "/");
    authority_.emplace(folder_);
    authority_->Issue({"DNS:localhost"});
    files_ = {.certificate = authority_->certificate_file(), .key = authority_->key_file()};
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + name) << text;
    return folder_ + name;
  }
  static absl::Status Bad(const std::string& message) { return absl::InvalidArgumentError(message); }

  std::string folder_;
  std::optional<testing::CertificateAuthority> authority_;
  KeyPairFiles files_;
};

TEST_F(KeyPairTest, SaysUntilWhenItIsValid) {
  const absl::StatusOr<absl::Time> end = CheckKeyPair(files_);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_GT(*end, absl::Now() + absl::Hours(40));
  EXPECT_LT(*end, absl::Now() + absl::Hours(50));
}

TEST_F(KeyPairTest, NamesTheFileThatIsWrong) {
  const std::string junk = Write("junk", "-----BEGIN CERTIFICATE-----\nno\n");
  EXPECT_EQ(CheckKeyPair({junk, files_.key}).status(), Bad(junk + " holds no certificate in PEM form"));
  EXPECT_EQ(CheckKeyPair({files_.certificate, junk}).status(),
            Bad(junk + " holds no private key in PEM form without a pass phrase"));
  EXPECT_EQ(CheckKeyPair({files_.key, files_.key}).status(),
            Bad(files_.key + " holds no certificate in PEM form"));
  EXPECT_EQ(CheckKeyPair({authority_->root_file(), files_.key}).status(),
            Bad(absl::StrCat(files_.key, " isn't the key of the certificate in ", authority_->root_file())));
  EXPECT_EQ(CheckKeyPair({folder_ + "none", files_.key}).status().code(), absl::StatusCode::kNotFound);
  const std::string large = Write("large", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(CheckKeyPair({large, files_.key}).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace impasto
