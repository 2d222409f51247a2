#include "app/upload_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/field_error.h"

namespace impasto::app {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class FakeClock final : public Clock {
 public:
  double NowSeconds() const override { return now; }
  double now = 1000;
};

std::string Png(int width, int height) {
  Image image{width, height, {}};
  image.rgb.assign(3 * image.pixels(), 100.0f);
  return imaging::Encode(image, {.format = imaging::Format::kPng})->data;
}

v1::UploadPictureRequest Data(const std::string& data) {
  v1::UploadPictureRequest request;
  request.set_data(data);
  return request;
}

class UploadStoreTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  UploadStore::Options Options() {
    return {.clock = &clock_, .max_upload_bytes = 10'000, .max_total_bytes = 15'000};
  }

  static absl::StatusOr<v1::UploadPictureResponse> Put(UploadStore& store, const std::string& data) {
    const auto writer = store.StartUpload();
    if (const absl::Status status = writer->Append(Data(data)); !status.ok()) return status;
    return writer->Finish();
  }

  FakeClock clock_;
};

TEST_F(UploadStoreTest, APictureInPartsComesBackWhole) {
  UploadStore store(Options());
  const std::string png = Png(20, 10);
  const auto writer = store.StartUpload();
  ASSERT_TRUE(writer->Append(Data(png.substr(0, 7))).ok());
  ASSERT_TRUE(writer->Append(Data("")).ok());
  ASSERT_TRUE(writer->Append(Data(png.substr(7))).ok());
  const absl::Time before = absl::Now();
  const auto response = writer->Finish();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->name(), MatchesRegex("uploads/[0-9a-f]{32}"));
  EXPECT_EQ(response->header().format(), v1::PICTURE_FORMAT_PNG);
  EXPECT_EQ(response->header().width(), 20);
  EXPECT_EQ(response->header().height(), 10);
  EXPECT_EQ(response->header().total_bytes(), static_cast<int64_t>(png.size()));
  EXPECT_GE(response->expire_time().seconds(), absl::ToUnixSeconds(before) + 3600);
  EXPECT_LE(response->expire_time().seconds(), absl::ToUnixSeconds(absl::Now()) + 3600);

  const auto upload = store.Find(response->name());
  ASSERT_TRUE(upload.ok()) << upload.status();
  EXPECT_EQ((*upload)->data, png);
  EXPECT_FALSE((*upload)->raw);
  EXPECT_EQ(store.total_bytes(), static_cast<int64_t>(png.size()));
}

TEST_F(UploadStoreTest, RawPixels) {
  UploadStore store(Options());
  v1::UploadPictureRequest first;
  first.mutable_raw()->set_format(v1::PIXEL_FORMAT_BGRA8);
  first.mutable_raw()->set_width(4);
  first.mutable_raw()->set_height(3);
  first.mutable_raw()->set_stride(20);
  const auto writer = store.StartUpload();
  ASSERT_TRUE(writer->Append(first).ok());
  ASSERT_TRUE(writer->Append(Data(std::string(30, 'a'))).ok());
  ASSERT_TRUE(writer->Append(Data(std::string(26, 'b'))).ok());  // 2 * 20 + 16
  const auto response = writer->Finish();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->header().format(), v1::PICTURE_FORMAT_RAW);
  EXPECT_EQ(response->header().pixel_format(), v1::PIXEL_FORMAT_BGRA8);
  EXPECT_EQ(response->header().stride(), 20);
  const auto upload = store.Find(response->name());
  ASSERT_TRUE(upload.ok());
  EXPECT_TRUE((*upload)->raw);
  EXPECT_EQ((*upload)->layout.format, imaging::PixelFormat::kBgra8);
  EXPECT_EQ((*upload)->layout.data.size(), 56u);
  EXPECT_EQ((*upload)->layout.data.data(), (*upload)->data.data());
}

TEST_F(UploadStoreTest, BadRawLayoutsAreRefusedWithTheirField) {
  UploadStore store(Options());
  const auto field = [&](const v1::UploadPictureRequest& request) {
    const absl::Status status = store.StartUpload()->Append(request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return FieldOf(status);
  };
  v1::UploadPictureRequest good;
  good.mutable_raw()->set_format(v1::PIXEL_FORMAT_RGB8);
  good.mutable_raw()->set_width(4);
  good.mutable_raw()->set_height(3);
  v1::UploadPictureRequest bad = good;
  bad.mutable_raw()->set_width(1);
  EXPECT_EQ(field(bad), "raw.width");
  bad = good;
  bad.mutable_raw()->set_height(30001);
  EXPECT_EQ(field(bad), "raw.height");
  bad = good;
  bad.mutable_raw()->set_stride(11);
  EXPECT_EQ(field(bad), "raw.stride");
  bad = good;
  bad.mutable_raw()->set_stride(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(store.StartUpload()->Append(bad).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(UploadStoreTest, FewerPixelsThanTheLayoutSays) {
  UploadStore store(Options());
  v1::UploadPictureRequest first;
  first.mutable_raw()->set_format(v1::PIXEL_FORMAT_RGB8);
  first.mutable_raw()->set_width(4);
  first.mutable_raw()->set_height(3);
  first.set_data(std::string(35, 'a'));
  const auto writer = store.StartUpload();
  ASSERT_TRUE(writer->Append(first).ok());
  EXPECT_EQ(writer->Finish().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(UploadStoreTest, WhatIsNoPictureIsRefusedAndLeavesNothing) {
  UploadStore store(Options());
  for (const std::string& data : {std::string(), std::string("not a picture"), Png(20, 10).substr(0, 40)}) {
    const auto response = Put(store, data);
    EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument) << response.status();
    EXPECT_EQ(FieldOf(response.status()), "data");
  }
  EXPECT_EQ(store.total_bytes(), 0);
}

TEST_F(UploadStoreTest, OneUploadHasALimit) {
  UploadStore store(Options());
  const auto writer = store.StartUpload();
  EXPECT_TRUE(writer->Append(Data(std::string(10'000, 'x'))).ok());
  EXPECT_EQ(writer->Append(Data("x")).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(UploadStoreTest, AllUploadsTogetherHaveALimitAndDroppedOnesFreeTheirRoom) {
  UploadStore store(Options());
  auto first = store.StartUpload();
  EXPECT_TRUE(first->Append(Data(std::string(10'000, 'x'))).ok());
  const auto second = store.StartUpload();
  EXPECT_TRUE(second->Append(Data(std::string(5'000, 'x'))).ok());
  const absl::Status full = second->Append(Data("x"));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("15.0 kB"));
  EXPECT_EQ(store.total_bytes(), 15'000);
  first.reset();
  EXPECT_EQ(store.total_bytes(), 5'000);
  EXPECT_TRUE(second->Append(Data("x")).ok());
}

TEST_F(UploadStoreTest, TheNumberOfUploadsHasALimit) {
  UploadStore::Options options = Options();
  options.max_uploads = 2;
  UploadStore store(options);
  std::set<std::string> names;
  for (int i = 0; i < 2; ++i) names.insert(Put(store, Png(2, 2))->name());
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(Put(store, Png(2, 2)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store.total_bytes(), static_cast<int64_t>(2 * Png(2, 2).size()));
}

TEST_F(UploadStoreTest, AnUploadGoesAwayAnHourAfterItsLastUse) {
  UploadStore store(Options());
  const auto response = Put(store, Png(8, 8));
  ASSERT_TRUE(response.ok()) << response.status();
  clock_.now += 3599;
  const auto held = store.Find(response->name());  // this use gives it another hour
  ASSERT_TRUE(held.ok());
  clock_.now += 3599;
  EXPECT_TRUE(store.Find(response->name()).ok());
  clock_.now += 3600;
  EXPECT_EQ(store.Find(response->name()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.total_bytes(), 0);
  EXPECT_EQ((*held)->data, Png(8, 8));  // whoever holds it keeps it
}

TEST_F(UploadStoreTest, AnUnknownName) {
  UploadStore store(Options());
  EXPECT_EQ(store.Find("uploads/0").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Find("").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace impasto::app
