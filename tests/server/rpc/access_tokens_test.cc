#include "rpc/access_tokens.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace impasto::rpc {
namespace {

constexpr char kAnna[] = "sixteen.letters.";
constexpr char kBen[] = "another-token/of+ben==";

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<AccessTokens> tokens = AccessTokens::Parse(text);
  EXPECT_EQ(tokens.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(tokens.status().message());
}

TEST(AccessTokens, KnowsWhoseTheyAre) {
  const auto tokens = AccessTokens::Parse(absl::StrCat(
      "# who may paint\n\nanna ", kAnna, "\r\n  ben@studio\t", kBen, "  \nanna third.token.of.all"));
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 3u);
  EXPECT_EQ(tokens->NameOf(kAnna), "anna");
  EXPECT_EQ(tokens->NameOf("third.token.of.all"), "anna");
  EXPECT_EQ(tokens->NameOf(kBen), "ben@studio");
  for (const char* unknown : {"", "anna", "sixteen.letters", "sixteen.letters.x", "SIXTEEN.LETTERS."}) {
    EXPECT_EQ(tokens->NameOf(unknown), std::nullopt) << unknown;
  }
}

TEST(AccessTokens, SaysWhatIsWrongWithoutTheToken) {
  EXPECT_EQ(ErrorOf(""), "there is no token in it");
  EXPECT_EQ(ErrorOf("# nobody\n"), "there is no token in it");
  EXPECT_EQ(ErrorOf("\nsixteen.letters."), "line 2: is not NAME TOKEN");
  EXPECT_EQ(ErrorOf("anna sixteen.letters. more"), "line 1: is not NAME TOKEN");
  EXPECT_EQ(ErrorOf("an/na sixteen.letters."), "line 1: the name is not 1..64 of A-Z a-z 0-9 - _ . @ :");
  EXPECT_EQ(ErrorOf(absl::StrCat(std::string(65, 'a'), " ", kAnna)),
            "line 1: the name is not 1..64 of A-Z a-z 0-9 - _ . @ :");
  EXPECT_EQ(ErrorOf("anna fifteen.letters"),
            "line 1: the token of anna has 15 characters; 16..512 are taken");
  EXPECT_EQ(ErrorOf(absl::StrCat("anna ", std::string(513, 'x'))),
            "line 1: the token of anna has 513 characters; 16..512 are taken");
  EXPECT_EQ(ErrorOf("anna sixteen.letter\xc3\xa9"), "line 1: the token of anna isn't printable ASCII");
  EXPECT_EQ(ErrorOf("anna sixteen.letters.\nben sixteen.letters.\n"),
            "line 2: the token of ben is there twice");
}

TEST(AccessTokens, TakesSoManyAndNoMore) {
  std::string text;
  for (size_t i = 0; i < AccessTokens::kMost; ++i)
    absl::StrAppend(&text, "a token-number-", 100000 + i, "\n");
  EXPECT_EQ(AccessTokens::Parse(text)->size(), AccessTokens::kMost);
  EXPECT_EQ(ErrorOf(text + "a one.token.too.many"), "line 10001: more than 10000 tokens");
}

}  // namespace
}  // namespace impasto::rpc
