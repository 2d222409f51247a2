// Files that were cut off or damaged: the answer is a picture or INVALID_ARGUMENT, never a crash, and never a
// picture with a part missing.
#include <gtest/gtest.h>

#include <optional>

#include "imaging/picture.h"
#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

struct Case {
  std::string name;
  std::string file;
  int flips = 400;
};

// Small, but with everything a reader can trip over: alpha, 16 bits, compression, tiles, profile, EXIF.
std::vector<Case> Cases() {
  EXPECT_TRUE(Init(2).ok());
  std::vector<Case> cases;
  VImage rgb = Samples8(24, 20, 3, Noise8(24 * 20 * 3), VIPS_INTERPRETATION_sRGB);
  SetOrientation(rgb, 6);
  VImage p3 = rgb;
  SetProfile(p3, BuiltinProfile("p3"));
  const VImage rgba = Samples8(24, 20, 4, Noise8(24 * 20 * 4), VIPS_INTERPRETATION_sRGB);
  const VImage deep = Samples16(24, 20, 3, Noise16(24 * 20 * 3), VIPS_INTERPRETATION_RGB16);
  const VImage cmyk = Samples8(24, 20, 4, Noise8(24 * 20 * 4), VIPS_INTERPRETATION_CMYK);
  cases.push_back({"png", Save(rgb, Format::kPng)});
  cases.push_back({"png rgba", Save(rgba, Format::kPng)});
  cases.push_back({"png 16 bits interlaced", SavePng(deep, VImage::option()->set("interlace", true))});
  cases.push_back({"png palette", SavePng(rgb, VImage::option()->set("palette", true))});
  cases.push_back({"jpeg", Save(rgb, Format::kJpeg)});
  // Colour conversion is set up anew for every picture, which takes time; fewer of these.
  cases.push_back({"jpeg cmyk", Save(cmyk, Format::kJpeg), 40});
  cases.push_back({"png with a profile", Save(p3, Format::kPng), 80});
  cases.push_back({"jpeg with a profile", Save(p3, Format::kJpeg), 80});
  cases.push_back({"webp with a profile", Save(p3, Format::kWebp), 80});
  cases.push_back({"tiff with a profile", Save(p3, Format::kTiff), 80});
  cases.push_back({"webp", Save(rgb, Format::kWebp)});
  cases.push_back({"webp rgba", Save(rgba, Format::kWebp)});
  cases.push_back({"tiff", Save(rgb, Format::kTiff)});
  cases.push_back(
      {"tiff lzw", SaveTiff(deep, VImage::option()
                                      ->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW)
                                      ->set("predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL))});
  cases.push_back(
      {"tiff tiles", SaveTiff(rgba, VImage::option()
                                        ->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE)
                                        ->set("tile", true)
                                        ->set("tile_width", 16)
                                        ->set("tile_height", 16))});
  cases.push_back(
      {"tiff jpeg", SaveTiff(rgb, VImage::option()->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_JPEG))});
  return cases;
}

// The picture's values, or nothing when it is refused, which must be with INVALID_ARGUMENT.
std::optional<std::vector<float>> Values(const std::string& file, const std::string& what) {
  Limits limits;
  limits.max_side = 500;  // damage can make a small picture a huge one, which is right but slow
  const absl::StatusOr<Picture> picture = Picture::Decode(file, limits);
  if (!picture.ok()) {
    EXPECT_EQ(picture.status().code(), absl::StatusCode::kInvalidArgument)
        << what << ": " << picture.status();
    return std::nullopt;
  }
  return picture->Working(64)->rgb;
}

TEST(CorruptionTest, CutOffAnywhere) {
  for (const Case& c : Cases()) {
    const std::optional<std::vector<float>> whole = Values(c.file, c.name);
    ASSERT_TRUE(whole.has_value()) << c.name;
    const size_t step = std::max<size_t>(1, c.file.size() / 400);
    for (size_t size = 0; size < c.file.size(); size += step) {
      const std::string what = c.name + " cut off at " + std::to_string(size);
      const std::optional<std::vector<float>> part = Values(c.file.substr(0, size), what);
      // The last bytes of some formats hold no pixels.
      EXPECT_TRUE(!part.has_value() || *part == *whole) << what << " of " << c.file.size();
    }
  }
}

TEST(CorruptionTest, DamagedAnywhere) {
  uint32_t seed = 1;
  for (const Case& c : Cases()) {
    const std::vector<uint16_t> random = Noise16(3 * c.flips, ++seed);
    for (int i = 0; i < c.flips; ++i) {
      std::string file = c.file;
      // Half of the damage goes into the first bytes, where the headers are.
      const size_t reach = i % 2 == 0 ? std::min<size_t>(file.size(), 200) : file.size();
      const size_t at = random[3 * i] % reach;
      file[at] = static_cast<char>(file[at] ^ (1 + random[3 * i + 1] % 255));
      Values(file, c.name + " damaged at " + std::to_string(at));
      file[random[3 * i + 2] % file.size()] = '\xff';
      Values(file, c.name + " damaged twice, at " + std::to_string(at));
    }
  }
}

}  // namespace
}  // namespace impasto::imaging
