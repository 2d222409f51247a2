#include "engine/weights/sha256.h"

#include <string>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

TEST(Sha256Test, FileInPieces) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/sha256_test");
  const std::string bytes(3'000'000, 'a');
  impasto::testing::WriteBytes(path, bytes);
  EXPECT_EQ(*Sha256OfFile(path), Sha256OfString(bytes));
  EXPECT_EQ(Sha256OfFile(path + ".none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace impasto::engine
