// What tests with GEGL's buffers share.
#pragma once

#include <memory>

#include <gegl.h>
#include <gtest/gtest.h>

namespace impasto::gimp {

class Gegl : public ::testing::Environment {
 public:
  void SetUp() override { gegl_init(nullptr, nullptr); }
  void TearDown() override { gegl_exit(); }
};
inline const auto* const kGegl = ::testing::AddGlobalTestEnvironment(new Gegl);

struct Unref {
  void operator()(GeglBuffer* buffer) const { g_object_unref(buffer); }
};
using Buffer = std::unique_ptr<GeglBuffer, Unref>;

inline Buffer NewBuffer(int width, int height, const Babl* format) {
  const GeglRectangle whole = {0, 0, width, height};
  return Buffer(gegl_buffer_new(&whole, format));
}

}  // namespace impasto::gimp
