// A small disk, to be filled by tests.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"

namespace impasto::testing {

inline bool WriteProcFile(const char* path, const std::string& text) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return false;
  std::fputs(text.c_str(), file);
  return std::fclose(file) == 0;
}

// True: `folder` is an empty file system of `bytes` now, which the calling thread and its children alone see.
// Where the user isn't root, the process has to have one thread.
inline bool MountSmallDisk(const std::string& folder, int64_t bytes) {
  if (unshare(CLONE_NEWNS) != 0) {
    // Not root: but maybe in a user namespace of our own, as who we are.
    const std::string uid_map = absl::StrCat(getuid(), " ", getuid(), " 1");
    const std::string gid_map = absl::StrCat(getgid(), " ", getgid(), " 1");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !WriteProcFile("/proc/self/setgroups", "deny") ||
        !WriteProcFile("/proc/self/uid_map", uid_map) || !WriteProcFile("/proc/self/gid_map", gid_map)) {
      return false;
    }
  }
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", folder.c_str(), "tmpfs", 0, absl::StrCat("size=", bytes).c_str()) == 0;
}

// Writes to `path` until the disk is full. False: it failed for another reason.
inline bool FillDisk(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const std::string large(1 << 20, 'f');
  while (write(fd, large.data(), large.size()) > 0) {
  }
  // What is left in the last pages.
  while (write(fd, large.data(), 512) > 0) {
  }
  const bool full = errno == ENOSPC;
  close(fd);
  return full;
}

}  // namespace impasto::testing
