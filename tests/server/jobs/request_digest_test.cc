#include "jobs/request_digest.h"

#include <gtest/gtest.h>

#include <set>

namespace impasto::jobs {
namespace {

v1::StylizeRequest Request() {
  v1::StylizeRequest request;
  request.mutable_content()->set_encoded("content");
  request.add_styles()->set_encoded("style");
  request.mutable_recipe()->set_iterations(7);
  request.set_request_id("id");
  return request;
}

TEST(RequestDigest, WhatMakesAnotherPictureMakesAnotherDigest) {
  std::set<std::string> digests = {RequestDigest(Request())};
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded("contents");
  digests.insert(RequestDigest(request));
  request = Request();
  request.mutable_content()->set_encoded("contentstyle");
  request.mutable_styles(0)->set_encoded("");
  digests.insert(RequestDigest(request));
  request = Request();
  request.add_styles()->set_style("styles/1");
  digests.insert(RequestDigest(request));
  request.mutable_styles(1)->set_style("styles/2");
  digests.insert(RequestDigest(request));
  request = Request();
  request.mutable_content()->mutable_raw()->set_data("content");
  digests.insert(RequestDigest(request));
  request = Request();
  request.mutable_initial()->set_encoded("style");
  digests.insert(RequestDigest(request));
  request = Request();
  request.mutable_recipe()->set_iterations(8);
  digests.insert(RequestDigest(request));
  request = Request();
  request.mutable_output()->set_quality(50);
  digests.insert(RequestDigest(request));
  EXPECT_EQ(digests.size(), 9u);
}

TEST(RequestDigest, HowItIsShownAndSentDoesNotCount) {
  v1::StylizeRequest request = Request();
  request.set_display_name("a name");
  request.set_detached(true);
  request.mutable_preview()->set_every_iterations(3);
  EXPECT_EQ(RequestDigest(request), RequestDigest(Request()));
  request.mutable_content()->set_upload("uploads/1");
  v1::StylizeRequest again = request;
  again.mutable_content()->set_upload("uploads/2");
  EXPECT_EQ(RequestDigest(request), RequestDigest(again));
}

}  // namespace
}  // namespace impasto::jobs
