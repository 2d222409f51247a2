#include "app/style_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/request_picture.h"
#include "base/field_error.h"
#include "base/sha256.h"
#include "tests/testing/full_disk.h"

namespace impasto::app {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Png(int width, int height, float value = 100) {
  Image image{width, height, {}};
  image.rgb.assign(3 * image.pixels(), value);
  return imaging::Encode(image, {.format = imaging::Format::kPng})->data;
}

v1::CreateStyleRequest Request(const std::string& encoded, const std::string& display_name = "") {
  v1::CreateStyleRequest request;
  request.mutable_picture()->set_encoded(encoded);
  request.set_display_name(display_name);
  return request;
}

std::string NameOf(const std::string& encoded) {
  return absl::StrCat("styles/", Sha256OfString(encoded).substr(0, 16));
}

class StyleLibraryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  StyleLibraryTest() : root_(absl::StrCat(::testing::TempDir(), "impasto-styles-XXXXXX")) {
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
    folder_ = root_ + "/state/styles";  // made when it is needed
    Open();
  }
  ~StyleLibraryTest() override {
    library_.reset();
    fs::remove_all(root_);
  }

  StyleLibrary::Options Options() {
    return {.folder = folder_,
            .uploads = &uploads_,
            .wall_time = [this] { return now_; },
            .warn = [this](const std::string& line) { warnings_.push_back(line); }};
  }
  // As a server that starts.
  void Open(const std::function<void(StyleLibrary::Options&)>& change = {}) {
    library_.reset();
    StyleLibrary::Options options = Options();
    if (change) change(options);
    library_.emplace(options);
  }

  v1::Style Put(const std::string& encoded, const std::string& display_name = "") {
    const auto style = library_->CreateStyle(Request(encoded, display_name));
    EXPECT_TRUE(style.ok()) << style.status();
    return style.value_or(v1::Style());
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const v1::Style& style : library_->ListStyles()) names.push_back(style.name());
    return names;
  }
  fs::path File(const std::string& name, const std::string& suffix) const {
    return fs::path(folder_) / (name.substr(name.find('/') + 1) + suffix);
  }
  int Files() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string root_;
  std::string folder_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(5);
  SteadyClock clock_;
  UploadStore uploads_{{.clock = &clock_}};
  std::vector<std::string> warnings_;
  std::optional<StyleLibrary> library_;
};

TEST_F(StyleLibraryTest, AStyleHasAllThatItsMessageSays) {
  const std::string png = Png(300, 200);
  const v1::Style style = Put(png, "Starry night");
  EXPECT_EQ(style.name(), NameOf(png));
  EXPECT_EQ(style.display_name(), "Starry night");
  EXPECT_EQ(style.width(), 300);
  EXPECT_EQ(style.height(), 200);
  EXPECT_EQ(style.size_bytes(), static_cast<int64_t>(png.size()));
  EXPECT_EQ(style.sha256(), Sha256OfString(png));
  EXPECT_EQ(style.create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(style.create_time().nanos(), 5);
  EXPECT_FALSE(style.has_last_use_time());
  const auto thumbnail = imaging::Picture::Decode(style.thumbnail(), {});
  ASSERT_TRUE(thumbnail.ok()) << thumbnail.status();
  EXPECT_EQ(thumbnail->format(), imaging::Format::kJpeg);
  EXPECT_EQ(thumbnail->width(), 128);
  EXPECT_EQ(thumbnail->height(), 85);

  EXPECT_EQ(library_->GetStyle(style.name())->SerializeAsString(), style.SerializeAsString());
  const auto found = library_->Find(style.name());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->picture.encoded(), png);
  EXPECT_EQ((*found)->sha256, style.sha256());
}

TEST_F(StyleLibraryTest, RawPixelsAreKeptAsTheyAreWithoutPadding) {
  v1::CreateStyleRequest request;
  v1::RawPixels& raw = *request.mutable_picture()->mutable_raw();
  raw.set_format(v1::PIXEL_FORMAT_GRAY8);
  raw.set_width(2);
  raw.set_height(2);
  raw.set_stride(3);
  raw.set_data("ab_cd_");
  const v1::Style style = *library_->CreateStyle(request);
  EXPECT_EQ(style.size_bytes(), 4);
  EXPECT_EQ(style.sha256(), PictureSha256(request.picture()));
  const auto found = *library_->Find(style.name());
  EXPECT_EQ(found->picture.raw().data(), "abcd");
  EXPECT_EQ(found->picture.raw().stride(), 0);
  EXPECT_EQ(PictureSha256(found->picture), style.sha256());
  raw.set_stride(0);
  raw.set_data("abcd");
  EXPECT_EQ(library_->CreateStyle(request)->name(), style.name());
  EXPECT_EQ(Names().size(), 1u);
}

TEST_F(StyleLibraryTest, AnUploadBecomesAStyleOfItsOwn) {
  const std::string png = Png(8, 8);
  v1::UploadPictureRequest part;
  part.set_data(png);
  const auto writer = uploads_.StartUpload();
  ASSERT_TRUE(writer->Append(part).ok());
  v1::CreateStyleRequest request;
  request.mutable_picture()->set_upload(writer->Finish()->name());
  EXPECT_EQ(library_->CreateStyle(request)->name(), NameOf(png));
  EXPECT_EQ((*library_->Find(NameOf(png)))->picture.encoded(), png);
}

TEST_F(StyleLibraryTest, WhatIsNoPictureIsRefusedWithItsField) {
  const auto error = [&](const v1::CreateStyleRequest& request, const std::string& field) {
    const absl::Status status = library_->CreateStyle(request).status();
    EXPECT_EQ(FieldOf(status), field) << status;
    return status.code();
  };
  const std::string png = Png(30, 20);
  EXPECT_EQ(error({}, "picture"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error(Request("no picture"), "picture"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error(Request(png.substr(0, png.size() - 20)), "picture"), absl::StatusCode::kInvalidArgument);
  v1::CreateStyleRequest request;
  request.mutable_picture()->set_upload("uploads/none");
  EXPECT_EQ(error(request, "picture.upload"), absl::StatusCode::kNotFound);
  request.mutable_picture()->set_style("styles/0");
  EXPECT_EQ(error(request, "picture.style"), absl::StatusCode::kInvalidArgument);
  request.mutable_picture()->mutable_raw()->set_width(1);
  EXPECT_EQ(error(request, "picture.raw.width"), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(StyleLibraryTest, UnknownStyles) {
  for (const std::string name : {"styles/0123456789abcdef", "styles/", "", "styles/../x", "models/vgg19"}) {
    EXPECT_EQ(library_->GetStyle(name).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(library_->Find(name).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(library_->DeleteStyle(name).code(), absl::StatusCode::kNotFound);
    library_->Touch(name);
  }
  EXPECT_EQ(library_->GetStyle("styles/x").status(),
            absl::NotFoundError("no style \"styles/x\" in the library"));
}

TEST_F(StyleLibraryTest, TheSamePictureIsKeptOnceAndCanBeRenamed) {
  const std::string png = Png(8, 8);
  const v1::Style first = Put(png, "one");
  now_ += absl::Hours(1);
  EXPECT_EQ(Put(png).SerializeAsString(), first.SerializeAsString());
  const v1::Style renamed = Put(png, "two");
  EXPECT_EQ(renamed.display_name(), "two");
  EXPECT_EQ(renamed.create_time().seconds(), first.create_time().seconds());
  EXPECT_EQ(Names().size(), 1u);
  Open();
  EXPECT_EQ(library_->GetStyle(first.name())->display_name(), "two");
}

TEST_F(StyleLibraryTest, TheNewestComeFirstAlsoAfterARestart) {
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    names.insert(names.begin(), Put(Png(8, 8, static_cast<float>(i))).name());
    now_ += absl::Nanoseconds(1);
  }
  EXPECT_EQ(Names(), names);
  Open();
  EXPECT_EQ(Names(), names);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StyleLibraryTest, ARestartChangesNothing) {
  const std::string png = Png(8, 8);
  const v1::Style style = Put(png, "name");
  Open();
  EXPECT_EQ(library_->GetStyle(style.name())->SerializeAsString(), style.SerializeAsString());
  EXPECT_EQ((*library_->Find(style.name()))->picture.encoded(), png);
}

TEST_F(StyleLibraryTest, WithoutAFolderItLastsAsLongAsTheServer) {
  const auto in_memory = [](StyleLibrary::Options& options) { options.folder = ""; };
  Open(in_memory);
  const std::string png = Png(8, 8);
  const v1::Style style = Put(png, "one");
  EXPECT_EQ(Put(png, "two").display_name(), "two");
  const auto found = *library_->Find(style.name());
  EXPECT_EQ(found->picture.encoded(), png);
  library_->Touch(style.name());
  EXPECT_EQ(library_->GetStyle(style.name())->last_use_time().seconds(), absl::ToUnixSeconds(now_));
  EXPECT_TRUE(library_->DeleteStyle(style.name()).ok());
  EXPECT_EQ(library_->Find(style.name()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(found->picture.encoded(), png);  // whoever holds it goes on
  Put(png);
  Open(in_memory);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(StyleLibraryTest, ADeletedStyleIsGoneFromTheDisk) {
  const v1::Style style = Put(Png(8, 8));
  EXPECT_EQ(Files(), 2);
  const auto held = *library_->Find(style.name());
  EXPECT_TRUE(library_->DeleteStyle(style.name()).ok());
  EXPECT_EQ(Files(), 0);
  EXPECT_EQ(library_->DeleteStyle(style.name()).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(library_->Find(style.name()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(held->picture.encoded(), Png(8, 8));
  EXPECT_EQ(Put(Png(8, 8)).name(), style.name());
}

TEST_F(StyleLibraryTest, TheNumberOfStylesHasALimit) {
  Open([](StyleLibrary::Options& options) { options.max_styles = 2; });
  Put(Png(8, 8, 1));
  const v1::Style second = Put(Png(8, 8, 2));
  const absl::Status full = library_->CreateStyle(Request(Png(8, 8, 3))).status();
  EXPECT_EQ(full,
            absl::ResourceExhaustedError("the library is full: it has 2 styles, at most 2; delete some"));
  EXPECT_EQ(Put(Png(8, 8, 2)).name(), second.name());  // it is there already
  EXPECT_TRUE(library_->DeleteStyle(second.name()).ok());
  Put(Png(8, 8, 3));
}

TEST_F(StyleLibraryTest, AllPicturesTogetherHaveALimit) {
  const std::string png = Png(8, 8, 1);
  const int64_t bytes = static_cast<int64_t>(png.size());
  for (const bool on_disk : {true, false}) {
    Open([&](StyleLibrary::Options& options) {
      if (!on_disk) options.folder = "";
      options.max_bytes = on_disk ? bytes : 0;
      options.max_memory_bytes = on_disk ? 0 : bytes;
    });
    const v1::Style style = Put(png);
    const absl::Status full = library_->CreateStyle(Request(Png(8, 8, 2))).status();
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(full.message()), HasSubstr("delete some"));
    EXPECT_TRUE(library_->DeleteStyle(style.name()).ok());
    Put(Png(8, 8, 2).size() <= png.size() ? Png(8, 8, 2) : png);
  }
}

TEST_F(StyleLibraryTest, UsesAreWrittenOnceAnHourAndAtTheEnd) {
  const std::string name = Put(Png(8, 8)).name();
  const auto use = [&] { return absl::FromUnixSeconds(library_->GetStyle(name)->last_use_time().seconds()); };
  const auto written = [&] { return fs::last_write_time(File(name, ".style")); };
  const auto long_ago = written() - std::chrono::hours(100);
  const auto reset = [&] { fs::last_write_time(File(name, ".style"), long_ago); };
  reset();
  library_->Touch(name);
  EXPECT_NE(written(), long_ago);
  reset();
  now_ += absl::Minutes(59);
  library_->Touch(name);
  EXPECT_EQ(written(), long_ago);
  EXPECT_EQ(use(), absl::FromUnixSeconds(absl::ToUnixSeconds(now_)));
  now_ += absl::Minutes(1);
  library_->Touch(name);
  EXPECT_NE(written(), long_ago);
  now_ += absl::Minutes(1);
  library_->Touch(name);
  const absl::Time last = use();
  Open();
  EXPECT_EQ(use(), last);
  reset();
  Open();  // nothing new to write
  EXPECT_EQ(written(), long_ago);
}

TEST_F(StyleLibraryTest, DamagedStylesAreSetAsideAtTheStartAndTheRestIsServed) {
  const std::string cut = Put(Png(8, 8, 1)).name();
  const std::string flipped = Put(Png(8, 8, 2)).name();
  const std::string without_picture = Put(Png(8, 8, 3)).name();
  const std::string renamed = Put(Png(8, 8, 4)).name();
  const std::string good = Put(Png(8, 8, 5)).name();
  library_.reset();
  fs::resize_file(File(cut, ".style"), 10);
  {
    std::fstream file(File(flipped, ".style"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x7f');
  }
  fs::remove(File(without_picture, ".style-picture"));
  fs::copy_file(File(good, ".style"), File(renamed, ".style"), fs::copy_options::overwrite_existing);
  Open();
  EXPECT_THAT(Names(), ElementsAre(good));
  EXPECT_EQ(warnings_.size(), 4u);
  for (const std::string& warning : warnings_) {
    EXPECT_THAT(warning, HasSubstr("a style is damaged: "));
    EXPECT_THAT(warning, HasSubstr("; it is kept as " + folder_));
  }
  const std::string stamp = ".corrupt-20231114T221320Z";
  EXPECT_TRUE(fs::exists(File(cut, stamp)));
  EXPECT_TRUE(fs::exists(File(cut, stamp + "-picture")));
  EXPECT_FALSE(fs::exists(File(cut, ".style")));
  EXPECT_FALSE(fs::exists(File(cut, ".style-picture")));
  Put(Png(8, 8, 1));  // it can be put again
  warnings_.clear();
  Open();
  EXPECT_EQ(Names().size(), 2u);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StyleLibraryTest, ADamagedPictureIsSetAsideWhenAJobWantsIt) {
  const std::string png = Png(8, 8);
  const std::string name = Put(png).name();
  fs::resize_file(File(name, ".style-picture"), 30);
  const absl::Status status = library_->Find(name).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("a style is damaged: ")));
  EXPECT_EQ(library_->Find(name).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Names(), IsEmpty());
  Put(png);
  EXPECT_EQ((*library_->Find(name))->picture.encoded(), png);
}

TEST_F(StyleLibraryTest, WhatAKilledServerLeftHalfDoneGoesWithTheNextStart) {
  const std::string name = Put(Png(8, 8, 1)).name();
  const std::string half = Put(Png(8, 8, 2)).name();
  library_.reset();
  fs::remove(File(half, ".style"));  // a create or a delete that didn't come to its end
  std::ofstream(File(half, ".style.new")) << "half a file";
  fs::create_directories(folder_ + "/statistics");
  Open();
  EXPECT_THAT(Names(), ElementsAre(name));
  EXPECT_EQ(Files(), 3);  // with statistics/, which isn't the library's
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StyleLibraryTest, AFullDiskRefusesAStyleAndLeavesNothing) {
  const std::string name = Put(Png(8, 8, 1)).name();
  absl::Status status;
  absl::Status rename;
  {
    const testing::FullDisk full;
    status = library_->CreateStyle(Request(Png(8, 8, 2))).status();
    rename = library_->CreateStyle(Request(Png(8, 8, 1), "new")).status();
    library_->Touch(name);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(rename.code(), absl::StatusCode::kResourceExhausted) << rename;
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("the last use of " + name + " isn't written down")));
  EXPECT_EQ(Files(), 2);
  EXPECT_EQ(library_->GetStyle(name)->display_name(), "");
  EXPECT_TRUE(library_->Find(name).ok());
  Put(Png(8, 8, 2));
}

TEST_F(StyleLibraryTest, AFolderThatCantBeUsedIsToldAndTriedAgain) {
  std::ofstream(root_ + "/state") << "a file";
  Open();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("the style library can't be read")));
  EXPECT_FALSE(library_->CreateStyle(Request(Png(8, 8))).ok());
  EXPECT_THAT(Names(), IsEmpty());
  fs::remove(root_ + "/state");
  Put(Png(8, 8));
}

TEST_F(StyleLibraryTest, ManyThreadsCreateFindAndDelete) {
  std::vector<std::string> pictures;
  for (int i = 0; i < 4; ++i) pictures.push_back(Png(8, 8, static_cast<float>(i)));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string& png = pictures[static_cast<size_t>(i * (t + 1) + t) % pictures.size()];
        const auto style = library_->CreateStyle(Request(png));
        if (!style.ok() || style->name() != NameOf(png)) ++wrong;
        const auto found = library_->Find(NameOf(png));
        if (found.ok() ? (*found)->picture.encoded() != png : !absl::IsNotFound(found.status())) ++wrong;
        library_->Touch(NameOf(png));
        library_->ListStyles();
        if (t % 2 == 0) {
          const absl::Status deleted = library_->DeleteStyle(NameOf(png));
          if (!deleted.ok() && !absl::IsNotFound(deleted)) ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(warnings_, IsEmpty());
  const size_t left = Names().size();
  EXPECT_EQ(Files(), static_cast<int>(2 * left));
  Open();
  EXPECT_EQ(Names().size(), left);
  EXPECT_THAT(warnings_, IsEmpty());
}

}  // namespace
}  // namespace impasto::app
