#include "app/lru_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LruIndexTest, TakesOutThoseWhoseLastUseIsTheLongestAgo) {
  LruIndex index;
  index.Put("a", 10);
  index.Put("b", 20);
  index.Put("c", 30);
  EXPECT_EQ(index.bytes(), 60);
  EXPECT_THAT(index.EvictTo(60), IsEmpty());
  EXPECT_TRUE(index.Use("a"));
  EXPECT_FALSE(index.Use("d"));
  EXPECT_THAT(index.EvictTo(39), ElementsAre("b", "c"));
  EXPECT_EQ(index.bytes(), 10);
  EXPECT_FALSE(index.Use("b"));
  EXPECT_THAT(index.EvictTo(-1), ElementsAre("a"));
  EXPECT_EQ(index.bytes(), 0);
}

TEST(LruIndexTest, PutAgainCountsOnceAndAsAUse) {
  LruIndex index;
  index.Put("a", 10);
  index.Put("b", 20);
  index.Put("a", 5);
  EXPECT_EQ(index.bytes(), 25);
  EXPECT_THAT(index.EvictTo(24), ElementsAre("b"));
}

TEST(LruIndexTest, Remove) {
  LruIndex index;
  index.Put("a", 10);
  index.Remove("a");
  index.Remove("a");
  EXPECT_EQ(index.bytes(), 0);
  EXPECT_FALSE(index.Use("a"));
}

TEST(LruIndexTest, Prefixes) {
  LruIndex index;
  index.Put("ab-1", 1);
  index.Put("b-1", 1);
  EXPECT_TRUE(index.HasPrefix("ab-"));
  EXPECT_TRUE(index.HasPrefix("b-"));
  EXPECT_FALSE(index.HasPrefix("a-"));
  EXPECT_FALSE(index.HasPrefix("c-"));
}

}  // namespace
}  // namespace impasto::app
