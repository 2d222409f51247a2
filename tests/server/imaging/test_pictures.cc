#include "tests/server/imaging/test_pictures.h"

#include <cmath>

namespace impasto::imaging {

using vips::VImage;

namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed) {}
  uint32_t Next() {
    state_ = state_ * 1664525u + 1013904223u;
    return state_ >> 16;
  }

 private:
  uint32_t state_;
};

std::string TakeBlob(VipsBlob* blob) {
  size_t size = 0;
  const void* data = vips_blob_get(blob, &size);
  std::string bytes(static_cast<const char*>(data), size);
  vips_area_unref(VIPS_AREA(blob));
  return bytes;
}

VImage FromMemory(const void* data, size_t bytes, int width, int height, int bands, VipsBandFormat format,
                  VipsInterpretation type) {
  return VImage(vips_image_new_from_memory_copy(data, bytes, width, height, bands, format))
      .copy(VImage::option()->set("interpretation", type));
}

void Append(std::string& out, uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

}  // namespace

Image NoiseImage(int width, int height, uint32_t seed) {
  Image image{width, height, {}};
  Random random(seed);
  for (size_t i = 0; i < 3 * image.pixels(); ++i) {
    image.rgb.push_back(static_cast<float>(random.Next() & 0xff));
  }
  return image;
}

std::vector<uint8_t> Noise8(size_t count, uint32_t seed) {
  Random random(seed);
  std::vector<uint8_t> values(count);
  for (uint8_t& value : values) {
    value = static_cast<uint8_t>(random.Next());
  }
  return values;
}

std::vector<uint16_t> Noise16(size_t count, uint32_t seed) {
  Random random(seed);
  std::vector<uint16_t> values(count);
  for (uint16_t& value : values) {
    value = static_cast<uint16_t>(random.Next());
  }
  return values;
}

VImage Samples8(int width, int height, int bands, const std::vector<uint8_t>& samples,
                VipsInterpretation type) {
  return FromMemory(samples.data(), samples.size(), width, height, bands, VIPS_FORMAT_UCHAR, type);
}

VImage Samples16(int width, int height, int bands, const std::vector<uint16_t>& samples,
                 VipsInterpretation type) {
  return FromMemory(samples.data(), samples.size() * 2, width, height, bands, VIPS_FORMAT_USHORT, type);
}

VImage SamplesFloat(int width, int height, int bands, const std::vector<float>& samples,
                    VipsInterpretation type) {
  return FromMemory(samples.data(), samples.size() * 4, width, height, bands, VIPS_FORMAT_FLOAT, type);
}

void SetProfile(VImage& image, const std::string& profile) {
  image = image.copy();
  vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, profile.data(), profile.size());
}

void SetOrientation(VImage& image, int orientation) {
  image = image.copy();
  image.set(VIPS_META_ORIENTATION, orientation);
}

std::string Save(const VImage& image, Format format) {
  switch (format) {
    case Format::kPng:
      return SavePng(image, nullptr);
    case Format::kJpeg:
      return TakeBlob(image.jpegsave_buffer(VImage::option()->set("Q", 95)));
    case Format::kWebp:
      return TakeBlob(image.webpsave_buffer(VImage::option()->set("lossless", true)));
    default:
      return SaveTiff(image, nullptr);
  }
}

std::string SavePng(const VImage& image, vips::VOption* options) {
  return TakeBlob(image.pngsave_buffer(options));
}

std::string SaveTiff(const VImage& image, vips::VOption* options) {
  return TakeBlob(image.tiffsave_buffer(options));
}

VImage Load(const std::string& file, Format format) {
  VipsBlob* blob = vips_blob_copy(file.data(), file.size());
  VImage image = format == Format::kPng    ? VImage::pngload_buffer(blob)
                 : format == Format::kJpeg ? VImage::jpegload_buffer(blob)
                 : format == Format::kWebp ? VImage::webpload_buffer(blob)
                                           : VImage::tiffload_buffer(blob);
  image = image.copy_memory();
  vips_area_unref(VIPS_AREA(blob));
  return image;
}

std::vector<uint8_t> Bytes(const VImage& image) {
  size_t size = 0;
  void* data = image.write_to_memory(&size);
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  std::vector<uint8_t> result(bytes, bytes + size);
  g_free(data);
  return result;
}

std::string BuiltinProfile(const char* name) {
  VipsBlob* blob = nullptr;
  return vips_profile_load(name, &blob, nullptr) == 0 ? TakeBlob(blob) : "";
}

std::string GrayProfile(double gamma) {
  constexpr uint32_t kTags = 2;
  constexpr uint32_t kData = 128 + 4 + 12 * kTags;
  constexpr uint32_t kCurve = kData + 20;
  std::string icc(128, '\0');
  icc.replace(8, 1, "\x02");
  icc.replace(12, 4, "mntr");
  icc.replace(16, 4, "GRAY");
  icc.replace(20, 4, "XYZ ");
  icc.replace(36, 4, "acsp");
  std::string d50;
  Append(d50, 0xf6d6, 4);
  Append(d50, 0x10000, 4);
  Append(d50, 0xd32d, 4);
  icc.replace(68, 12, d50);
  Append(icc, kTags, 4);
  icc += "wtpt";
  Append(icc, kData, 4);
  Append(icc, 20, 4);
  icc += "kTRC";
  Append(icc, kCurve, 4);
  Append(icc, 16, 4);
  icc += "XYZ ";
  Append(icc, 0, 4);
  icc += d50;
  icc += "curv";
  Append(icc, 0, 4);
  Append(icc, 1, 4);
  Append(icc, static_cast<uint32_t>(std::lround(gamma * 256)), 2);
  Append(icc, 0, 2);
  std::string size;
  Append(size, static_cast<uint32_t>(icc.size()), 4);
  icc.replace(0, 4, size);
  return icc;
}

std::string ProfileOf(const VImage& image) {
  if (image.get_typeof(VIPS_META_ICC_NAME) == 0) {
    return "";
  }
  size_t size = 0;
  const void* data = image.get_blob(VIPS_META_ICC_NAME, &size);
  return std::string(static_cast<const char*>(data), size);
}

}  // namespace impasto::imaging
