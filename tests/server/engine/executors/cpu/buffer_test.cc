#include "engine/executors/cpu/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace impasto::engine::cpu {
namespace {

TEST(BufferTest, AlignedAndZero) {
  for (const size_t floats : {1u, 15u, 16u, 1000u, 1u << 20}) {
    Buffer buffer(floats);
    ASSERT_NE(buffer.data(), nullptr);
    EXPECT_EQ(buffer.size(), floats);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
    for (size_t i = 0; i < floats; ++i) ASSERT_EQ(buffer.data()[i], 0.0f);
    buffer.data()[floats - 1] = 1;
  }
}

TEST(BufferTest, NothingHasNoData) {
  EXPECT_EQ(Buffer().data(), nullptr);
  EXPECT_EQ(Buffer().size(), 0u);
  EXPECT_EQ(Buffer(0).data(), nullptr);
  EXPECT_EQ(Buffer(0).size(), 0u);
}

TEST(BufferTest, MoreThanThereIsHasNoData) {
  const Buffer buffer(size_t{1} << 60);
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_EQ(buffer.size(), 0u);
}

TEST(BufferTest, ASizeThatOverflowsHasNoData) {
  // Bytes would wrap around to 16.
  const Buffer buffer(std::numeric_limits<size_t>::max() / sizeof(float) + 5);
  EXPECT_EQ(buffer.data(), nullptr);
}

TEST(BufferTest, Moves) {
  Buffer a(100);
  a.data()[7] = 7;
  float* const data = a.data();
  Buffer b = std::move(a);
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(b.size(), 100u);
  EXPECT_EQ(b.data()[7], 7);
  Buffer c(3);
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c.size(), 100u);
}

}  // namespace
}  // namespace impasto::engine::cpu
