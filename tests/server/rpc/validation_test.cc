#include "rpc/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace impasto::rpc {
namespace {

v1::StylizeRequest GoodRequest() {
  v1::StylizeRequest request;
  request.mutable_content()->set_encoded("content");
  request.add_styles()->set_encoded("style");
  return request;
}

// The field that is refused in a good request with this change; "" where it stays good.
std::string Refused(const std::function<void(v1::StylizeRequest&)>& change) {
  v1::StylizeRequest request = GoodRequest();
  change(request);
  const absl::Status status = ValidateStylizeRequest(request);
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return FieldOf(status);
}

TEST(ValidateStylizeRequest, TheLeastThatIsNeeded) {
  EXPECT_EQ(ValidateStylizeRequest(GoodRequest()), absl::OkStatus());
}

TEST(ValidateStylizeRequest, Pictures) {
  EXPECT_EQ(Refused([](auto& r) { r.clear_content(); }), "content");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_content()->clear_source(); }), "content");
  EXPECT_EQ(Refused([](auto& r) { r.clear_styles(); }), "styles");
  EXPECT_EQ(Refused([](auto& r) { r.add_styles(); }), "styles[1]");
  const auto with_styles = [](int count) {
    return [count](v1::StylizeRequest& r) {
      while (r.styles_size() < count) r.add_styles()->set_upload("uploads/x");
    };
  };
  EXPECT_EQ(Refused(with_styles(16)), "");
  EXPECT_EQ(Refused(with_styles(17)), "styles");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_content()->mutable_raw()->set_width(5); }), "content.raw.format");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_content()->mutable_raw()->set_format(v1::PIXEL_FORMAT_RGB8); }),
            "");
  EXPECT_EQ(Refused([](auto& r) {
              r.mutable_styles(0)->mutable_raw()->set_format(static_cast<v1::PixelFormat>(77));
            }),
            "styles[0].raw.format");
}

TEST(ValidateStylizeRequest, StylesOfTheLibraryAreForStylesAlone) {
  const auto style = [](const char* name) {
    return [name](v1::StylizeRequest& r) { r.mutable_styles(0)->set_style(name); };
  };
  EXPECT_EQ(Refused(style("styles/0a1b2c-3")), "");
  for (const char* name :
       {"", "styles/", "styles", "starry", "styles/A", "styles/a/b", "jobs/a", "styles/a_b"}) {
    EXPECT_EQ(Refused(style(name)), "styles[0].style") << name;
  }
  EXPECT_EQ(Refused([](auto& r) { r.mutable_content()->set_style("styles/a"); }), "content.style");
  EXPECT_EQ(Refused([](auto& r) {
              r.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
              r.mutable_initial()->set_style("styles/a");
            }),
            "initial.style");
}

TEST(ValidateStylizeRequest, RequestIds) {
  const auto id = [](const std::string& text) {
    return [text](v1::StylizeRequest& r) { r.set_request_id(text); };
  };
  EXPECT_EQ(Refused(id("AZaz09-_")), "");
  EXPECT_EQ(Refused(id(std::string(64, 'x'))), "");
  EXPECT_EQ(Refused(id(std::string(65, 'x'))), "request_id");
  for (const char* text : {"a b", "a/b", "\xc3\xa9", "a.b", "\n"})
    EXPECT_EQ(Refused(id(text)), "request_id") << text;
}

TEST(ValidateStylizeRequest, DisplayNames) {
  const auto name = [](const std::string& text) {
    return [text](v1::StylizeRequest& r) { r.set_display_name(text); };
  };
  std::string accents;
  for (int i = 0; i < 200; ++i) accents += "\xc3\xa9";
  EXPECT_EQ(Refused(name(accents)), "");
  EXPECT_EQ(Refused(name(accents + "x")), "display_name");
  EXPECT_EQ(Refused(name("\xff")), "display_name");
}

TEST(ValidateStylizeRequest, Priorities) {
  EXPECT_EQ(Refused([](auto& r) { r.set_priority(v1::PRIORITY_BATCH); }), "");
  EXPECT_EQ(Refused([](auto& r) { r.set_priority(static_cast<v1::Priority>(4)); }), "priority");
}

TEST(ValidateStylizeRequest, ChangesAreInOrder) {
  const auto changes = [](std::vector<int> iterations) {
    return [iterations](v1::StylizeRequest& r) {
      for (const int k : iterations) r.mutable_recipe()->add_changes()->set_iteration(k);
    };
  };
  EXPECT_EQ(Refused(changes({0, 5, 5, 100'000})), "");
  EXPECT_EQ(Refused(changes({3, 5, 4})), "recipe.changes[2].iteration");
  EXPECT_EQ(Refused(changes({-1})), "recipe.changes[0].iteration");
  EXPECT_EQ(Refused(changes({1, 100'001})), "recipe.changes[1].iteration");
  EXPECT_EQ(Refused(changes(std::vector<int>(1000, 1))), "");
  EXPECT_EQ(Refused(changes(std::vector<int>(1001, 1))), "recipe.changes");
  const auto weights = [](int count) {
    return [count](v1::StylizeRequest& r) {
      v1::RecipeChange* change = r.mutable_recipe()->add_changes();
      for (int i = 0; i < count; ++i) change->add_style_picture_weights(1);
    };
  };
  EXPECT_EQ(Refused(weights(1)), "");
  EXPECT_EQ(Refused(weights(2)), "recipe.changes[0].style_picture_weights");
  EXPECT_EQ(Refused([](auto& r) {
              r.mutable_recipe()->add_changes()->set_style_weight(std::numeric_limits<double>::quiet_NaN());
            }),
            "recipe.changes[0].style_weight");
}

TEST(ValidateStylizeRequest, TheInitialPictureGoesWithTheRecipe) {
  const auto supplied = [](v1::StylizeRequest& r) {
    r.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
  };
  EXPECT_EQ(Refused(supplied), "initial");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_initial()->set_encoded("x"); }), "initial");
  EXPECT_EQ(Refused([&](auto& r) {
              supplied(r);
              r.mutable_initial();
            }),
            "initial");
  EXPECT_EQ(Refused([&](auto& r) {
              supplied(r);
              r.mutable_initial()->set_encoded("x");
            }),
            "");
}

TEST(ValidateStylizeRequest, OneWeightForEachStylePicture) {
  EXPECT_EQ(Refused([](auto& r) { r.mutable_recipe()->add_style_picture_weights(1); }), "");
  EXPECT_EQ(Refused([](auto& r) {
              r.mutable_recipe()->add_style_picture_weights(1);
              r.mutable_recipe()->add_style_picture_weights(1);
            }),
            "recipe.style_picture_weights");
}

TEST(ValidateStylizeRequest, EnumsAndNumbersAnywhere) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(
      Refused([](auto& r) { r.mutable_recipe()->set_normalization(static_cast<v1::Normalization>(9)); }),
      "recipe.normalization");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_recipe()->set_pooling(static_cast<v1::Pooling>(-1)); }),
            "recipe.pooling");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_output()->set_format(static_cast<v1::PictureFormat>(6)); }),
            "output.format");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_output()->set_size(static_cast<v1::OutputSize>(3)); }),
            "output.size");
  EXPECT_EQ(Refused([](auto& r) { r.mutable_preview()->set_pixel_format(static_cast<v1::PixelFormat>(14)); }),
            "preview.pixel_format");
  EXPECT_EQ(Refused([&](auto& r) { r.mutable_recipe()->set_learning_rate(nan); }), "recipe.learning_rate");
  EXPECT_EQ(Refused([&](auto& r) {
              r.mutable_recipe()->add_style_layers()->set_layer("a");
              r.mutable_recipe()->add_style_layers()->set_weight(nan);
            }),
            "recipe.style_layers[1].weight");
  EXPECT_EQ(Refused([&](auto& r) { r.mutable_recipe()->add_style_picture_weights(nan); }),
            "recipe.style_picture_weights[0]");
  // Ranges are the engine's.
  EXPECT_EQ(Refused([&](auto& r) { r.mutable_recipe()->set_iterations(-5); }), "");
}

TEST(ValidateStylizeRequest, Previews) {
  const auto every = [](int n) {
    return [n](v1::StylizeRequest& r) { r.mutable_preview()->set_every_iterations(n); };
  };
  EXPECT_EQ(Refused(every(-1)), "preview.every_iterations");
  EXPECT_EQ(Refused(every(1)), "");
  EXPECT_EQ(Refused(every(100'000)), "");
  EXPECT_EQ(Refused(every(100'001)), "preview.every_iterations");

  const auto interval = [](int64_t seconds, int nanos) {
    return [=](v1::StylizeRequest& r) {
      r.mutable_preview()->mutable_interval()->set_seconds(seconds);
      r.mutable_preview()->mutable_interval()->set_nanos(nanos);
    };
  };
  EXPECT_EQ(Refused(interval(0, 0)), "");
  EXPECT_EQ(Refused(interval(0, 100'000'000)), "");
  EXPECT_EQ(Refused(interval(0, 99'999'999)), "preview.interval");
  EXPECT_EQ(Refused(interval(-1, 0)), "preview.interval");
  EXPECT_EQ(Refused(interval(3600, 0)), "");

  const auto size = [](int n) {
    return [n](v1::StylizeRequest& r) { r.mutable_preview()->set_max_size(n); };
  };
  EXPECT_EQ(Refused(size(0)), "");
  EXPECT_EQ(Refused(size(15)), "preview.max_size");
  EXPECT_EQ(Refused(size(16)), "");
  EXPECT_EQ(Refused(size(8192)), "");
  EXPECT_EQ(Refused(size(8193)), "preview.max_size");
  EXPECT_EQ(Refused(size(-16)), "preview.max_size");
}

TEST(ValidateStylizeRequest, Quality) {
  const auto quality = [](int n) {
    return [n](v1::StylizeRequest& r) { r.mutable_output()->set_quality(n); };
  };
  EXPECT_EQ(Refused(quality(-1)), "output.quality");
  EXPECT_EQ(Refused(quality(0)), "");
  EXPECT_EQ(Refused(quality(100)), "");
  EXPECT_EQ(Refused(quality(101)), "output.quality");
}

TEST(ValidateStylizeRequest, SaysTheLimit) {
  v1::StylizeRequest request = GoodRequest();
  request.mutable_output()->set_quality(101);
  EXPECT_EQ(ValidateStylizeRequest(request).message(), "output.quality: 101 is outside 0..100");
  request.mutable_preview()->set_max_size(9);
  EXPECT_EQ(ValidateStylizeRequest(request).message(),
            "preview.max_size: 9 is neither 0 nor within 16..8192 pixels");
  request.mutable_recipe()->set_pooling(static_cast<v1::Pooling>(7));
  EXPECT_EQ(ValidateStylizeRequest(request).message(), "recipe.pooling: 7 is no value of Pooling");
}

TEST(ValidateUploadPart, RawPixelsComeFirst) {
  v1::UploadPictureRequest part;
  part.set_data("x");
  EXPECT_EQ(ValidateUploadPart(part, true), absl::OkStatus());
  EXPECT_EQ(ValidateUploadPart(part, false), absl::OkStatus());
  part.mutable_raw()->set_width(4);
  EXPECT_EQ(FieldOf(ValidateUploadPart(part, true)), "raw.format");
  part.mutable_raw()->set_format(v1::PIXEL_FORMAT_RGB8);
  EXPECT_EQ(ValidateUploadPart(part, true), absl::OkStatus());
  EXPECT_EQ(FieldOf(ValidateUploadPart(part, false)), "raw");
  part.mutable_raw()->set_data("x");
  EXPECT_EQ(FieldOf(ValidateUploadPart(part, true)), "raw.data");
}

TEST(ValidateEstimateJobRequest, NamesTheFieldWithin) {
  v1::EstimateJobRequest request;
  EXPECT_EQ(FieldOf(ValidateEstimateJobRequest(request)), "request");
  *request.mutable_request() = GoodRequest();
  EXPECT_EQ(ValidateEstimateJobRequest(request), absl::OkStatus());
  request.mutable_request()->mutable_preview()->set_max_size(5);
  EXPECT_EQ(FieldOf(ValidateEstimateJobRequest(request)), "request.preview.max_size");
}

TEST(ValidateWatchJobRequest, ANameAndAnEvent) {
  v1::WatchJobRequest request;
  EXPECT_EQ(ValidateWatchJobRequest(request).message(), "name: is required: jobs/{job}");
  for (const std::string& name :
       {std::string("jobs/"), std::string("jobs"), std::string("jobs/A"), std::string("jobs/a/b"),
        std::string("job/a"), absl::StrCat("jobs/", std::string(65, 'a'))}) {
    request.set_name(name);
    EXPECT_EQ(FieldOf(ValidateWatchJobRequest(request)), "name") << name;
  }
  request.set_name(absl::StrCat("jobs/", std::string(64, 'a')));
  EXPECT_EQ(ValidateWatchJobRequest(request), absl::OkStatus());
  request.set_after_event(-1);
  EXPECT_EQ(ValidateWatchJobRequest(request).message(), "after_event: -1 is negative");
}

TEST(ValidateCreateStyleRequest, APictureOfTheClientsOwn) {
  v1::CreateStyleRequest request;
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "picture");
  request.mutable_picture();
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "picture");
  request.mutable_picture()->set_style("styles/a");
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "picture.style");
  request.mutable_picture()->mutable_raw()->set_width(4);
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "picture.raw.format");
  request.mutable_picture()->mutable_raw()->set_format(static_cast<v1::PixelFormat>(99));
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "picture.raw.format");
  request.mutable_picture()->set_encoded("x");
  EXPECT_EQ(ValidateCreateStyleRequest(request), absl::OkStatus());
  request.set_display_name(std::string(201, 'x'));
  EXPECT_EQ(FieldOf(ValidateCreateStyleRequest(request)), "display_name");
}

TEST(ValidateModelName, OneModel) {
  EXPECT_EQ(ValidateModelName("models/vgg19"), absl::OkStatus());
  for (const char* name : {"", "vgg19", "models/", "models", "models/a/b", "Models/vgg19"}) {
    const absl::Status status = ValidateModelName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(FieldOf(status), "name");
  }
}

}  // namespace
}  // namespace impasto::rpc
