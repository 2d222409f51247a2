#include "core/preferences.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/files.h"
#include "tests/plugins/gimp/core/temporary_folder.h"

namespace impasto::gimp {
namespace {

Style File(const std::string& path) { return {.kind = Style::Kind::kFile, .value = path, .label = path}; }

TEST(PreferencesTest, TheNewestStyleIsFirstAndThereOnce) {
  Preferences preferences;
  preferences.Remember(File("/a"));
  preferences.Remember({.kind = Style::Kind::kLibrary, .value = "styles/1", .label = "one"});
  preferences.Remember(File("/a"));
  preferences.Remember({.kind = Style::Kind::kDrawable, .value = "7"});
  preferences.Remember(Style());
  ASSERT_EQ(preferences.recent.size(), 2u);
  EXPECT_EQ(preferences.recent[0], File("/a"));
  EXPECT_EQ(preferences.recent[1].value, "styles/1");
}

TEST(PreferencesTest, TheOldestStylesAreForgotten) {
  Preferences preferences;
  for (int i = 0; i < kRecentStyles + 3; ++i) {
    preferences.Remember(File(absl::StrCat("/", i)));
  }
  ASSERT_EQ(preferences.recent.size(), 12u);
  EXPECT_EQ(preferences.recent.front().value, "/14");
  EXPECT_EQ(preferences.recent.back().value, "/3");
}

TEST(PreferencesTest, SavedAndLoaded) {
  const TemporaryFolder folder;
  const std::string path = folder / "gimp.json";
  Preferences preferences;
  preferences.server = {.address = "box:1", .tls_ca = "/ca.pem", .token_file = "/token"};
  preferences.last.size = 999;
  preferences.Remember(File("/a"));
  preferences.Remember(File("/b"));
  ASSERT_TRUE(SavePreferences(path, preferences).ok());
  const Preferences loaded = LoadPreferences(path);
  EXPECT_EQ(loaded.server, preferences.server);
  EXPECT_EQ(loaded.last.size, 999);
  EXPECT_EQ(loaded.recent, preferences.recent);
  EXPECT_EQ(loaded.recent[0].label, "/b");
}

TEST(PreferencesTest, WhatIsNotOursGivesTheDefaults) {
  const TemporaryFolder folder;
  for (const char* text : {"", "no JSON", "[1]", R"({"server": 3, "last": [], "recent": {"a": 1}})"}) {
    ASSERT_TRUE(WriteFile(folder / "gimp.json", text).ok());
    const Preferences preferences = LoadPreferences(folder / "gimp.json");
    EXPECT_EQ(preferences.server, ServerSettings());
    EXPECT_EQ(preferences.last.size, 512);
    EXPECT_TRUE(preferences.recent.empty());
  }
  EXPECT_TRUE(LoadPreferences(folder / "none").recent.empty());
}

TEST(PreferencesTest, APartThatIsNotOursCostsThatPartAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteFile(folder / "gimp.json",
                        R"({"server": {"address": "box:1"}, "last": {"size": 5},
                            "recent": [7, {"kind": "file", "value": "/a"}, {"kind": "magic"}]})")
                  .ok());
  const Preferences preferences = LoadPreferences(folder / "gimp.json");
  EXPECT_EQ(preferences.server.address, "box:1");
  EXPECT_EQ(preferences.last.size, 512);
  ASSERT_EQ(preferences.recent.size(), 1u);
  EXPECT_EQ(preferences.recent[0].value, "/a");
}

TEST(PreferencesTest, WhatCantBeSavedNamesTheFile) {
  const absl::Status status = SavePreferences("/proc/no/gimp.json", Preferences());
  EXPECT_NE(status.message().find("/proc/no/gimp.json"), std::string::npos) << status;
}

TEST(PreferencesTest, TheFolderIsMadeWhereItBelongs) {
  const TemporaryFolder folder;
  setenv("XDG_CONFIG_HOME", (folder / "config").c_str(), 1);
  EXPECT_EQ(*ConfigFolder(), folder / "config/impasto");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "config/impasto"));
  EXPECT_EQ(*ConfigFolder(), folder / "config/impasto");
  setenv("XDG_CONFIG_HOME", "not/absolute", 1);
  setenv("HOME", folder.path().c_str(), 1);
  EXPECT_EQ(*ConfigFolder(), folder / ".config/impasto");
}

TEST(PreferencesTest, AFolderThatCantBeMadeIsNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteFile(folder / "config", "a file").ok());
  setenv("XDG_CONFIG_HOME", (folder / "config").c_str(), 1);
  const absl::Status status = ConfigFolder().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(folder / "config/impasto"), std::string::npos) << status;
  unsetenv("XDG_CONFIG_HOME");
  unsetenv("HOME");
  EXPECT_EQ(ConfigFolder().status().message(),
            "There is no folder for settings: neither HOME nor XDG_CONFIG_HOME names one.");
}

}  // namespace
}  // namespace impasto::gimp
