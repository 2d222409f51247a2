#include "core/local_server.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/files.h"
#include "tests/plugins/gimp/core/temporary_folder.h"

namespace impasto::gimp {
namespace {

namespace fs = std::filesystem;

void WriteProgram(const std::string& path, const std::string& script) {
  fs::create_directories(fs::path(path).parent_path());
  ASSERT_TRUE(WriteFile(path, absl::StrCat("#!/bin/sh\n", script)).ok());
  fs::permissions(path, fs::perms::owner_all);
}

// What another process writes last into the file.
std::string WaitForLine(const std::string& path, const std::string& line) {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (absl::Now() < deadline) {
    const absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
    if (text.ok() && text->find(line) != std::string::npos) {
      return *text;
    }
  }
  return "";
}

TEST(LocalServerTest, TheNamedOneThenTheInstalledOneThenPath) {
  const TemporaryFolder folder;
  WriteProgram(folder / "named", "");
  WriteProgram(folder / "prefix/bin/impastod", "");
  WriteProgram(folder / "path/impastod", "");
  setenv("PATH", absl::StrCat("/nowhere::", folder / "path").c_str(), 1);
  setenv("IMPASTO_IMPASTOD", (folder / "named").c_str(), 1);
  EXPECT_EQ(*FindLocalServer(folder / "prefix"), folder / "named");
  unsetenv("IMPASTO_IMPASTOD");
  EXPECT_EQ(*FindLocalServer(folder / "prefix"), folder / "prefix/bin/impastod");
  EXPECT_EQ(*FindLocalServer(""), folder / "path/impastod");
  fs::permissions(folder / "path/impastod", fs::perms::owner_read);
  const absl::Status missing = FindLocalServer(folder / "other").status();
  // Root may execute no such file either.
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(
      missing.message(),
      "The server isn't installed on this computer: there is no program impastod. Install it, or choose "
      "the address of a server that runs elsewhere.");
}

TEST(LocalServerTest, AddressesOfThisMachine) {
  for (const char* address : {"127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(IsThisMachine(address)) << address;
  }
  for (const char* address : {"127.0.0.1.example.com:1", "studio:1", "10.0.0.1:1", "[::2]:1", ""}) {
    EXPECT_FALSE(IsThisMachine(address)) << address;
  }
}

TEST(LocalServerTest, ItStandsOnItsOwn) {
  const TemporaryFolder folder;
  int pipe_of_host[2];
  ASSERT_EQ(pipe(pipe_of_host), 0);
  // Its arguments, its session, and whether it has the host's files. The shell's own words: PATH is not ours.
  WriteProgram(folder / "impastod",
               absl::StrCat("echo \"$@\"\nread -r stat </proc/$$/stat\nset -- $stat\n",
                            "echo session $6 process $1 >&2\n", "test -e /proc/$$/fd/", pipe_of_host[1],
                            " && echo it has the pipe\n", "read -r line || echo done\n"));
  ASSERT_TRUE(StartLocalServer(folder / "impastod", "127.0.0.1:7", folder / "log").ok());
  const std::string log = WaitForLine(folder / "log", "done");
  int session = 0;
  int process = 0;
  char end = 0;
  ASSERT_EQ(std::sscanf(log.c_str(), "--listen 127.0.0.1:7\nsession %d process %d\ndone%c", &session,
                        &process, &end),
            3)
      << log;
  EXPECT_EQ(session, process);
  close(pipe_of_host[0]);
  close(pipe_of_host[1]);
}

TEST(LocalServerTest, WhatCantBeStartedIsNamed) {
  const TemporaryFolder folder;
  EXPECT_EQ(StartLocalServer(folder / "none", "127.0.0.1:7", folder / "log"),
            absl::InternalError(absl::StrCat("The server can't be started with ", folder / "none",
                                             ": No such file or directory")));
  WriteProgram(folder / "impastod", "");
  EXPECT_EQ(StartLocalServer(folder / "impastod", "127.0.0.1:7", folder / "no/log").code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace impasto::gimp
