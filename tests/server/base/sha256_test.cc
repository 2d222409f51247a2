#include "base/sha256.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace impasto {
namespace {

TEST(Sha256Test, KnownAnswers) {
  EXPECT_EQ(Sha256OfString(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256OfString("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, InPiecesAsBytes) {
  Sha256 sha;
  sha.Update("a", 1);
  sha.Update("bc", 2);
  const std::string bytes = sha.FinishBytes();
  EXPECT_EQ(bytes.size(), Sha256::kBytes);
  EXPECT_EQ(absl::BytesToHexString(bytes), Sha256OfString("abc"));
}

}  // namespace
}  // namespace impasto
