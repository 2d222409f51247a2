#include "base/length_prefix.h"

#include <gtest/gtest.h>

#include <sstream>

namespace impasto {
namespace {

TEST(LengthPrefix, ComesBackWithWhatFollowsLeft) {
  for (const std::string& part : {std::string(), std::string("part"), std::string(300, '\0')}) {
    std::istringstream in(WithLength(part) + "rest");
    EXPECT_EQ(*ReadWithLength(in, 300), part);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "rest");
  }
  EXPECT_EQ(WithLength("abc"), std::string("\3\0\0\0abc", 7));
}

TEST(LengthPrefix, EveryCutAndALengthBeyondTheLimitAreDataLoss) {
  const std::string whole = WithLength("part");
  for (size_t size = 0; size < whole.size(); ++size) {
    std::istringstream in(whole.substr(0, size));
    EXPECT_EQ(ReadWithLength(in, 300).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  std::istringstream in(whole), huge(std::string(8, '\xff'));
  EXPECT_EQ(ReadWithLength(in, 3).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadWithLength(huge, 300).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace impasto
