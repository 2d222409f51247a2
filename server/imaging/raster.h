// Pixels in memory, as they came: interleaved, 8 or 16 bits or float.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "absl/status/statusor.h"

namespace impasto::imaging {

enum class Depth { k8, k16, kFloat };  // full scale: 255, 65535, 1.0
int BytesPerSample(Depth depth);

// Rows from the top without padding. Movable; a const Raster is thread-safe.
struct Raster {
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  int width = 0;
  int height = 0;
  int channels = 0;
  Depth depth = Depth::k8;
  std::unique_ptr<uint8_t, Free> data;  // from malloc, as libvips hands out its buffers

  int64_t row_bytes() const { return int64_t{width} * channels * BytesPerSample(depth); }
  int64_t bytes() const { return row_bytes() * height; }
  const uint8_t* row(int y) const { return data.get() + y * row_bytes(); }
  uint8_t* row(int y) { return data.get() + y * row_bytes(); }

  // Uninitialised. RESOURCE_EXHAUSTED when there isn't the memory.
  static absl::StatusOr<Raster> Allocate(int width, int height, int channels, Depth depth);
};

// Row `y` as planar float, full scale 255 (16 bits: value / 257): `channels` times `width` values. NaN reads
// as 0.
void ReadRow(const Raster& raster, int y, float* out);

// The inverse: rounds to nearest, then clamps (float: clamps only); NaN becomes 0.
void WriteRow(const float* in, int y, Raster& raster);

}  // namespace impasto::imaging
