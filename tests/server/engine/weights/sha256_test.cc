#include "engine/weights/sha256.h"

#include <string>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

TEST(Sha256Test, KnownAnswers) {
  EXPECT_EQ(Sha256OfString(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256OfString("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, FileInPieces) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/sha256_test");
  const std::string bytes(3'000'000, 'a');
  impasto::testing::WriteBytes(path, bytes);
  EXPECT_EQ(*Sha256OfFile(path), Sha256OfString(bytes));
  EXPECT_EQ(Sha256OfFile(path + ".none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace impasto::engine
