#include "imaging/raster.h"

#include "absl/strings/str_cat.h"

namespace impasto::imaging {
namespace {

// A sample times `scale`, kept within 0..max; rounded where T is an integer. Comparisons are written so that
// NaN gives 0.
template <typename T>
T Quantize(float value, float scale, float max) {
  const float scaled = value * scale;
  if (!(scaled > 0)) {
    return T{0};
  }
  if (scaled >= max) {
    return static_cast<T>(max);
  }
  if constexpr (std::is_integral_v<T>) {
    // It is positive, and lround would be slower for every pixel.
    return static_cast<T>(scaled + 0.5f);  // NOLINT(bugprone-incorrect-roundings)
  } else {
    return scaled;
  }
}

template <typename T, typename F>
void Deinterleave(const Raster& raster, int y, float* out, F&& to_float) {
  const T* in = reinterpret_cast<const T*>(raster.row(y));
  for (int c = 0; c < raster.channels; ++c) {
    float* plane = out + int64_t{c} * raster.width;
    for (int x = 0; x < raster.width; ++x) {
      plane[x] = to_float(in[int64_t{x} * raster.channels + c]);
    }
  }
}

template <typename T>
void Interleave(const float* in, int y, Raster& raster, float scale, float max) {
  T* out = reinterpret_cast<T*>(raster.row(y));
  for (int c = 0; c < raster.channels; ++c) {
    const float* plane = in + int64_t{c} * raster.width;
    for (int x = 0; x < raster.width; ++x) {
      out[int64_t{x} * raster.channels + c] = Quantize<T>(plane[x], scale, max);
    }
  }
}

}  // namespace

int BytesPerSample(Depth depth) {
  switch (depth) {
    case Depth::k8:
      return 1;
    case Depth::k16:
      return 2;
    case Depth::kFloat:
      return 4;
  }
  return 1;
}

absl::StatusOr<Raster> Raster::Allocate(int width, int height, int channels, Depth depth) {
  Raster raster{width, height, channels, depth, nullptr};
  raster.data.reset(static_cast<uint8_t*>(std::malloc(raster.bytes())));
  if (raster.data == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("not enough memory for ", width, " x ", height, " pixels"));
  }
  return raster;
}

void ReadRow(const Raster& raster, int y, float* out) {
  switch (raster.depth) {
    case Depth::k8:
      return Deinterleave<uint8_t>(raster, y, out, [](uint8_t v) { return static_cast<float>(v); });
    case Depth::k16:
      return Deinterleave<uint16_t>(raster, y, out,
                                    [](uint16_t v) { return static_cast<float>(v) / 257.0f; });
    case Depth::kFloat:
      // Float pixels may lie outside 0..1 or be no numbers at all; the rest of the program counts on 0..255.
      return Deinterleave<float>(raster, y, out, [](float v) { return Quantize<float>(v, 255.0f, 255.0f); });
  }
}

void WriteRow(const float* in, int y, Raster& raster) {
  switch (raster.depth) {
    case Depth::k8:
      return Interleave<uint8_t>(in, y, raster, 1.0f, 255.0f);
    case Depth::k16:
      return Interleave<uint16_t>(in, y, raster, 257.0f, 65535.0f);
    case Depth::kFloat:
      return Interleave<float>(in, y, raster, 1.0f / 255.0f, 1.0f);
  }
}

}  // namespace impasto::imaging
