// How much memory there is, and how much of it this process has. Bytes everywhere; Linux's own files are read
// anew by every call. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto {

// What the machine has, or what the process's control groups leave it, if that is less: the least limit of
// its own group and of those above it, of version 2 (memory.max) and version 1 (memory.limit_in_bytes). A
// file that can't be read, or says nothing that makes sense, limits nothing. 0: not even /proc/meminfo can be
// read. `root`: where the file system begins, here as below; for tests.
int64_t MachineMemoryBytes(const std::string& root = "");

// What a new process could take without swapping. 0: unknown.
int64_t AvailableMemoryBytes(const std::string& root = "");

// What this process has in memory now, libraries included, and the most that it had. 0: unknown.
int64_t ResidentBytes(const std::string& root = "");
int64_t PeakResidentBytes(const std::string& root = "");

// Has the allocator give freed memory back: large blocks each on their own, and few arenas. Once, before the
// first thread is started.
void SetUpAllocator();

// An amount of memory as a flag has it: "12G", "1.5G", "512M", "64K" (powers of 1024, in small letters too),
// "1048576" (bytes), or "70%", above 0 to 100, of `whole`. INVALID_ARGUMENT, with the forms there are:
// anything else, less than one byte, more than an int64 holds.
absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t whole);

}  // namespace impasto
