#include "cli/output_format.h"

#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

TEST(FormatOfFileTest, GoesByTheExtension) {
  EXPECT_EQ(*FormatOfFile("a.png"), v1::PICTURE_FORMAT_PNG);
  EXPECT_EQ(*FormatOfFile("dir.d/a.JPG"), v1::PICTURE_FORMAT_JPEG);
  EXPECT_EQ(*FormatOfFile("a.b.jpeg"), v1::PICTURE_FORMAT_JPEG);
  EXPECT_EQ(*FormatOfFile("a.webp"), v1::PICTURE_FORMAT_WEBP);
  EXPECT_EQ(*FormatOfFile("a.tif"), v1::PICTURE_FORMAT_TIFF);
  EXPECT_EQ(*FormatOfFile("a.Tiff"), v1::PICTURE_FORMAT_TIFF);
}

TEST(FormatOfFileTest, RefusesOthers) {
  for (const std::string path : {"a", "a.", "a.gif", "png", ".png", "a.png/b", ""}) {
    EXPECT_EQ(
        FormatOfFile(path).status(),
        absl::InvalidArgumentError(
            path + ": the extension chooses the format and has to be png, jpg, jpeg, webp, tif or tiff"));
  }
}

TEST(ExtensionOfTest, NamesEveryFileFormat) {
  EXPECT_EQ(ExtensionOf(v1::PICTURE_FORMAT_PNG), "png");
  EXPECT_EQ(ExtensionOf(v1::PICTURE_FORMAT_JPEG), "jpg");
  EXPECT_EQ(ExtensionOf(v1::PICTURE_FORMAT_WEBP), "webp");
  EXPECT_EQ(ExtensionOf(v1::PICTURE_FORMAT_TIFF), "tif");
  EXPECT_EQ(ExtensionOf(v1::PICTURE_FORMAT_RAW), "bin");
}

}  // namespace
}  // namespace impasto::cli
