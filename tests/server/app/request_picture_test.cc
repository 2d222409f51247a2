#include "app/request_picture.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"
#include "base/field_error.h"
#include "base/sha256.h"

namespace impasto::app {
namespace {

std::string Png(int width, int height) {
  Image image{width, height, {}};
  image.rgb.assign(3 * image.pixels(), 100.0f);
  return imaging::Encode(image, {.format = imaging::Format::kPng})->data;
}

v1::Picture Encoded(const std::string& data) {
  v1::Picture picture;
  picture.set_encoded(data);
  return picture;
}

// 2 x 2 grey pixels.
v1::Picture Raw(int64_t stride, const std::string& data) {
  v1::Picture picture;
  v1::RawPixels& raw = *picture.mutable_raw();
  raw.set_format(v1::PIXEL_FORMAT_GRAY8);
  raw.set_width(2);
  raw.set_height(2);
  raw.set_stride(stride);
  raw.set_data(data);
  return picture;
}

class RequestPictureTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  std::string Upload(const v1::UploadPictureRequest& whole) {
    const auto writer = uploads_.StartUpload();
    EXPECT_TRUE(writer->Append(whole).ok());
    return writer->Finish()->name();
  }

  SteadyClock clock_;
  UploadStore uploads_{{.clock = &clock_}};
};

TEST_F(RequestPictureTest, WhatIsInlineStaysAsItIs) {
  for (const v1::Picture& picture : {Encoded("abc"), Raw(3, "ab_cd")}) {
    EXPECT_EQ(InlinePicture(picture, uploads_)->SerializeAsString(), picture.SerializeAsString());
  }
}

TEST_F(RequestPictureTest, AnUploadComesAsWhatItWouldBeInline) {
  v1::UploadPictureRequest file;
  file.set_data(Png(4, 3));
  v1::Picture picture;
  picture.set_upload(Upload(file));
  EXPECT_EQ(InlinePicture(picture, uploads_)->encoded(), file.data());

  v1::Picture raw = Raw(3, "ab_cd");
  raw.mutable_raw()->set_icc_profile("a profile");
  v1::UploadPictureRequest pixels;
  *pixels.mutable_raw() = raw.raw();
  pixels.mutable_raw()->clear_data();
  pixels.set_data(raw.raw().data());
  picture.set_upload(Upload(pixels));
  EXPECT_EQ(InlinePicture(picture, uploads_)->SerializeAsString(), raw.SerializeAsString());
}

TEST_F(RequestPictureTest, WhatIsNoPictureSaysSo) {
  v1::Picture picture;
  EXPECT_EQ(InlinePicture(picture, uploads_).status(), absl::InvalidArgumentError("no picture is given"));
  picture.set_upload("uploads/none");
  const absl::Status unknown = InlinePicture(picture, uploads_).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FieldOf(unknown), "upload");
  picture.set_style("styles/0");
  const absl::Status style = InlinePicture(picture, uploads_).status();
  EXPECT_EQ(style.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(style), "style");
}

TEST_F(RequestPictureTest, TheSizeIsThatOfTheDecodedPicture) {
  for (const v1::Picture& picture : {Encoded(Png(5, 3)), Raw(3, "ab_cd")}) {
    const auto decoded = DecodePicture(picture, {});
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*PictureSize(picture, {}), (Size{decoded->width(), decoded->height()}));
  }
}

TEST_F(RequestPictureTest, BadPicturesAreRefusedByBothInTheSameWords) {
  v1::Picture small = Raw(0, "abcd");
  small.mutable_raw()->set_width(1);
  for (const auto& [picture, field] : {std::pair(Encoded(""), ""), std::pair(Encoded("no picture"), ""),
                                       std::pair(Raw(1, "abcd"), "raw.stride"),
                                       std::pair(Raw(0, "abc"), "raw"), std::pair(small, "raw.width")}) {
    const absl::Status status = DecodePicture(picture, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_EQ(PictureSize(picture, {}).status(), status);
  }
}

TEST_F(RequestPictureTest, PaddingIsTakenOut) {
  v1::Picture picture = Raw(3, "ab_cd_behind");
  TakeOutPadding(&picture);
  EXPECT_EQ(picture.raw().stride(), 0);
  EXPECT_EQ(picture.raw().data(), "abcd");
  TakeOutPadding(&picture);
  EXPECT_EQ(picture.raw().data(), "abcd");
  v1::Picture file = Encoded("abc");
  TakeOutPadding(&file);
  EXPECT_EQ(file.encoded(), "abc");
}

TEST_F(RequestPictureTest, TheHashIsThatOfTheFileOrOfThePixels) {
  EXPECT_EQ(PictureSha256(Encoded("abc")), Sha256OfString("abc"));
  const std::string hash = PictureSha256(Raw(0, "abcd"));
  EXPECT_EQ(hash, Sha256OfString("raw PIXEL_FORMAT_GRAY8 2 2 0\nabcd"));
  EXPECT_EQ(PictureSha256(Raw(2, "abcd")), hash);
  EXPECT_EQ(PictureSha256(Raw(3, "ab_cd")), hash);
  EXPECT_NE(PictureSha256(Raw(0, "abce")), hash);
  v1::Picture other = Raw(0, "abcd");
  other.mutable_raw()->set_icc_profile("p");
  EXPECT_NE(PictureSha256(other), hash);
  other = Raw(0, "abcd");
  other.mutable_raw()->set_format(v1::PIXEL_FORMAT_GRAY_ALPHA8);
  other.mutable_raw()->set_height(1);
  EXPECT_NE(PictureSha256(other), hash);
}

}  // namespace
}  // namespace impasto::app
