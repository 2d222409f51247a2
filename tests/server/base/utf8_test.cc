#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace impasto {
namespace {

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(CountUtf8(""), 0u);
  EXPECT_EQ(CountUtf8("abc"), 3u);
  EXPECT_EQ(CountUtf8("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xa8"), 3u);
  EXPECT_EQ(CountUtf8(std::string("a\0b", 3)), 3u);
}

TEST(Utf8, KnowsWhatIsNone) {
  for (const char* text :
       {"\xff", "a\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x82z"}) {
    EXPECT_EQ(CountUtf8(text), std::nullopt) << text;
  }
}

TEST(Utf8, TheFirstCharactersLength) {
  EXPECT_EQ(Utf8Length(""), 0u);
  EXPECT_EQ(Utf8Length("ab"), 1u);
  EXPECT_EQ(Utf8Length("\xc3\xa9z"), 2u);
  EXPECT_EQ(Utf8Length("\xe2\x82\xacz"), 3u);
  EXPECT_EQ(Utf8Length("\xf0\x9f\x8e\xa8z"), 4u);
  EXPECT_EQ(Utf8Length("\xa9"), 0u);
}

}  // namespace
}  // namespace impasto
