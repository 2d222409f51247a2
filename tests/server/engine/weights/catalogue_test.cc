#include <set>
#include <string>

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/weights/store.h"

namespace impasto::engine {
namespace {

TEST(CatalogueTest, HasSourcesOfEveryModel) {
  std::set<std::string> models;
  for (const CatalogueEntry& entry : WeightsCatalogue()) {
    models.insert(entry.model);
    EXPECT_GE(entry.sources.size(), 2u) << entry.model;
    for (const WeightsSource& source : entry.sources) {
      EXPECT_FALSE(source.licence.empty()) << source.location;
      EXPECT_FALSE(source.file_name.empty()) << source.location;
      EXPECT_GT(source.bytes, 0) << source.location;
      if (source.kind == WeightsSource::Kind::kUrl) {
        EXPECT_TRUE(absl::StartsWith(source.location, "https://")) << source.location;
      }
      if (!source.sha256.empty()) {
        EXPECT_EQ(source.sha256.size(), 64u) << source.location;
      }
      // torchvision's names end with the first digits of the checksum.
      if (absl::EndsWith(source.file_name, ".pth")) {
        EXPECT_TRUE(absl::StrContains(source.file_name, absl::StrCat("-", source.sha256.substr(0, 8))))
            << source.file_name;
      }
    }
  }
  EXPECT_EQ(models, (std::set<std::string>(ModelNames().begin(), ModelNames().end())));
}

}  // namespace
}  // namespace impasto::engine
