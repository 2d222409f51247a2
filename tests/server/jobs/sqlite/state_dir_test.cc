#include "jobs/sqlite/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "tests/server/jobs/sqlite/child.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::Child;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Listing;
using testing::PassesInChild;
using testing::ReadBytes;
using testing::TempFolder;
using testing::WriteBytes;

TEST(StateDirTest, MakesFoldersForTheirOwnerAlone) {
  const TempFolder folder;
  auto state = StateDir::Open(folder / "a/b/c");
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ((*state)->path(), folder / "a/b/c");
  EXPECT_THAT(Listing(folder / "a/b/c"), ElementsAre("format", "lock"));
  EXPECT_EQ(ReadBytes(folder / "a/b/c/format"), "1\n");
  EXPECT_EQ(ReadBytes(folder / "a/b/c/lock"), absl::StrCat(getpid(), "\n"));
  for (const std::string made : {"a", "a/b", "a/b/c"}) {
    struct stat info;
    ASSERT_EQ(stat((folder / made).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u) << made;
  }
}

TEST(StateDirTest, OpensAgain) {
  const TempFolder folder;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(StateDir::Open(folder / "a").status(), absl::OkStatus());
  EXPECT_EQ(StateDir::Open(folder / "a/").status(), absl::OkStatus());
}

TEST(StateDirTest, OneServerAtATime) {
  const TempFolder folder;
  const std::string path = folder / "a";
  auto first = StateDir::Open(path);
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status in_use = absl::AlreadyExistsError(
      absl::StrCat("state directory ", path, ": another server uses it (process ", getpid(),
                   "). Stop that one, or choose another folder with --state-dir"));
  EXPECT_EQ(StateDir::Open(path).status(), in_use);
  EXPECT_TRUE(PassesInChild([&] { EXPECT_EQ(StateDir::Open(path).status(), in_use); }));
  first->reset();
  EXPECT_EQ(StateDir::Open(path).status(), absl::OkStatus());
}

TEST(StateDirTest, TheLockOfAKilledServerIsFreeAtOnce) {
  const TempFolder folder;
  Child server([&](const Child::Report& report) {
    auto state = StateDir::Open(folder / "a");
    EXPECT_TRUE(state.ok()) << state.status();
    report(getpid());
    pause();
  });
  int64_t pid = 0;
  ASSERT_TRUE(server.Read(&pid));
  EXPECT_EQ(StateDir::Open(folder / "a").status(),
            absl::AlreadyExistsError(
                absl::StrCat("state directory ", folder / "a", ": another server uses it (process ", pid,
                             "). Stop that one, or choose another folder with --state-dir")));
  server.Kill();
  EXPECT_EQ(StateDir::Open(folder / "a").status(), absl::OkStatus());
}

TEST(StateDirTest, ANewerVersionIsRefusedAndLeftAlone) {
  const TempFolder folder;
  WriteBytes(folder / "format", "7\n");
  EXPECT_EQ(StateDir::Open(folder.path()).status(),
            absl::FailedPreconditionError(absl::StrCat(
                "state directory ", folder.path(),
                ": a newer version of Impasto wrote it: its format is 7, this version knows up to 1."
                " Start the newer version, or choose another folder with --state-dir")));
  EXPECT_EQ(ReadBytes(folder / "format"), "7\n");
}

TEST(StateDirTest, AVersionThatSaysNothingIsWrittenAnew) {
  const TempFolder folder;
  for (const std::string text : {"", "x", "0", "-1", "99999999999999999999"}) {
    WriteBytes(folder / "format", text);
    EXPECT_EQ(StateDir::Open(folder.path()).status(), absl::OkStatus()) << text;
    EXPECT_EQ(ReadBytes(folder / "format"), "1\n");
  }
}

TEST(StateDirTest, WhatIsNoFolderIsRefused) {
  const TempFolder folder;
  WriteBytes(folder / "file", "x");
  std::filesystem::create_symlink(folder / "nowhere", folder / "link");
  const auto refused = [&](const std::string& name, const std::string& culprit) {
    EXPECT_EQ(StateDir::Open(folder / name).status(),
              absl::InvalidArgumentError(absl::StrCat("state directory ", folder / name, ": ",
                                                      folder / culprit, " isn't a folder")));
  };
  refused("file", "file");
  refused("file/a/b", "file");
  refused("link", "link");
  EXPECT_EQ(StateDir::Open("").status(),
            absl::InvalidArgumentError("there is no state directory: name one with --state-dir, or set"
                                       " XDG_STATE_HOME or HOME"));
}

// Root may write everywhere, so the child is somebody else.
TEST(StateDirTest, AFolderThatCannotBeWrittenIsRefused) {
  const TempFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_TRUE(std::filesystem::create_directory(folder / "closed"));
  ASSERT_TRUE(std::filesystem::create_directory(folder / "hidden"));
  ASSERT_EQ(chmod((folder / "closed").c_str(), 0555), 0);
  ASSERT_EQ(chmod((folder / "hidden").c_str(), 0), 0);
  const std::string advice =
      ": Permission denied. Let the server's user write there, or choose another folder with --state-dir";
  EXPECT_TRUE(PassesInChild([&] {
    if (geteuid() == 0) {
      constexpr uid_t kNobody = 65534;
      ASSERT_EQ(seteuid(kNobody), 0);
    }
    EXPECT_EQ(StateDir::Open(folder / "closed").status(),
              absl::PermissionDeniedError(absl::StrCat("state directory ", folder / "closed", ": ",
                                                       folder / "closed", " can't be written", advice)));
    EXPECT_EQ(StateDir::Open(folder / "closed/a/b").status(),
              absl::PermissionDeniedError(absl::StrCat("state directory ", folder / "closed/a/b", ": ",
                                                       folder / "closed/a", " can't be made", advice)));
    EXPECT_EQ(StateDir::Open(folder / "hidden/a").status(),
              absl::PermissionDeniedError(absl::StrCat("state directory ", folder / "hidden/a", ": ",
                                                       folder / "hidden/a", " can't be looked at", advice)));
  }));
  EXPECT_THAT(Listing(folder / "closed"), IsEmpty());
  ASSERT_EQ(chmod((folder / "hidden").c_str(), 0700), 0);
}

TEST(DefaultStateDirTest, FollowsTheXdgSpecification) {
  const auto with = [](std::map<std::string, std::string> variables) {
    return DefaultStateDir([variables](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  };
  EXPECT_EQ(with({{"XDG_STATE_HOME", "/state"}, {"HOME", "/me"}}), "/state/impasto");
  EXPECT_EQ(with({{"HOME", "/me"}}), "/me/.local/state/impasto");
  EXPECT_EQ(with({{"XDG_STATE_HOME", ""}, {"HOME", "/me/"}}), "/me/.local/state/impasto");
  EXPECT_EQ(with({{"XDG_STATE_HOME", "relative"}, {"HOME", "/me"}}), "/me/.local/state/impasto");
  EXPECT_EQ(with({}), "");
  EXPECT_EQ(with({{"HOME", ""}}), "");
}

}  // namespace
}  // namespace impasto::jobs
