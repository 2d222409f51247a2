#include "base/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

namespace impasto {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kGiB = int64_t{1} << 30;

// A file system of a test's own.
class FakeRoot {
 public:
  FakeRoot() {
    std::string name = testing::TempDir() + "/memory_test.XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~FakeRoot() { std::filesystem::remove_all(path_); }

  void Write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = path_ + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class MachineMemoryTest : public testing::Test {
 protected:
  MachineMemoryTest() {
    root_.Write("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n");
  }
  int64_t Memory() const { return MachineMemoryBytes(root_.path()); }
  const FakeRoot root_;
};

TEST_F(MachineMemoryTest, WithoutGroupsItIsTheMachines) {
  EXPECT_EQ(Memory(), 16 * kGiB);
  EXPECT_EQ(AvailableMemoryBytes(root_.path()), 8 * kGiB);
}

TEST_F(MachineMemoryTest, TheGroupsLimitCounts) {
  root_.Write("/proc/self/cgroup", "0::/system.slice/impastod.service\n");
  root_.Write("/sys/fs/cgroup/system.slice/impastod.service/memory.max", "4294967296\n");
  EXPECT_EQ(Memory(), 4 * kGiB);
}

TEST_F(MachineMemoryTest, AGroupAboveMayAllowLess) {
  root_.Write("/proc/self/cgroup", "0::/a/b/c\n");
  root_.Write("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
  root_.Write("/sys/fs/cgroup/a/b/memory.max", "5368709120\n");
  root_.Write("/sys/fs/cgroup/a/memory.max", "3221225472\n");
  EXPECT_EQ(Memory(), 3 * kGiB);
}

TEST_F(MachineMemoryTest, MoreThanTheMachineHasIsNoLimit) {
  root_.Write("/proc/self/cgroup", "0::/a\n");
  root_.Write("/sys/fs/cgroup/a/memory.max", "1099511627776\n");
  EXPECT_EQ(Memory(), 16 * kGiB);
}

TEST_F(MachineMemoryTest, InAContainerTheTopIsItsOwn) {
  root_.Write("/sys/fs/cgroup/memory.max", "2147483648\n");
  for (const char* group : {"0::/\n", "0::/docker/0123\n", "0::/../../elsewhere\n"}) {
    root_.Write("/proc/self/cgroup", group);
    EXPECT_EQ(Memory(), 2 * kGiB) << group;
  }
}

TEST_F(MachineMemoryTest, VersionOneHasAFolderOfItsOwn) {
  root_.Write("/proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/0123\n1:name=systemd:/\n");
  root_.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Memory(), 16 * kGiB);
  root_.Write("/sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "1073741824\n");
  EXPECT_EQ(Memory(), kGiB);
}

TEST_F(MachineMemoryTest, BothVersionsAtOnce) {
  root_.Write("/proc/self/cgroup", "5:hugetlb,memory:/a\n0::/b\n");
  root_.Write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3221225472\n");
  EXPECT_EQ(Memory(), 3 * kGiB);
  root_.Write("/sys/fs/cgroup/unified/b/memory.max", "2147483648\n");
  EXPECT_EQ(Memory(), 2 * kGiB);
}

TEST_F(MachineMemoryTest, NonsenseLimitsNothing) {
  root_.Write("/proc/self/cgroup", "nonsense\n0\n0::/a\n\n");
  for (const char* limit : {"", "0\n", "-1\n", "12 GB of it\n", "many\n", "99999999999999999999\n"}) {
    root_.Write("/sys/fs/cgroup/a/memory.max", limit);
    // "12 GB of it" begins with a number: 12 bytes, as the kernel would have meant it.
    EXPECT_EQ(Memory(), std::string(limit) == "12 GB of it\n" ? 12 : 16 * kGiB) << limit;
  }
}

TEST(MemoryTest, WithoutMeminfoTheGroupAloneIsKnown) {
  const FakeRoot root;
  EXPECT_EQ(MachineMemoryBytes(root.path()), 0);
  EXPECT_EQ(AvailableMemoryBytes(root.path()), 0);
  EXPECT_EQ(ResidentBytes(root.path()), 0);
  root.Write("/proc/meminfo", "MemTotal: lots kB\n");
  root.Write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(MachineMemoryBytes(root.path()), 0);
  root.Write("/sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(MachineMemoryBytes(root.path()), kGiB);
}

TEST(MemoryTest, ReadsThePresentAndThePeak) {
  const FakeRoot root;
  root.Write("/proc/self/status", "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n");
  EXPECT_EQ(ResidentBytes(root.path()), 1 << 20);
  EXPECT_EQ(PeakResidentBytes(root.path()), 2 << 20);
}

TEST(MemoryTest, OfThisProcess) {
  const int64_t before = ResidentBytes();
  EXPECT_GT(before, 0);
  EXPECT_GE(PeakResidentBytes(), before);
  EXPECT_GE(MachineMemoryBytes(), before);
  const std::vector<char> held(size_t{64} << 20, 1);
  EXPECT_GE(ResidentBytes(), before + (60 << 20)) << held.back();
}

TEST(ParseBytesTest, Units) {
  EXPECT_EQ(*ParseBytes("12G", 0), 12 * kGiB);
  EXPECT_EQ(*ParseBytes("1.5g", 0), 3 * kGiB / 2);
  EXPECT_EQ(*ParseBytes("512M", 0), 512 << 20);
  EXPECT_EQ(*ParseBytes("64k", 0), 64 << 10);
  EXPECT_EQ(*ParseBytes("1048576", 0), 1 << 20);
  EXPECT_EQ(*ParseBytes("1", 0), 1);
}

TEST(ParseBytesTest, Shares) {
  EXPECT_EQ(*ParseBytes("70%", 1000), 700);
  EXPECT_EQ(*ParseBytes("100%", 16 * kGiB), 16 * kGiB);
  EXPECT_EQ(*ParseBytes("12.5%", 16 * kGiB), 2 * kGiB);
  EXPECT_EQ(*ParseBytes("0.001%", 10), 1);
}

TEST(ParseBytesTest, SaysWhatIsWrong) {
  const auto wrong = [](absl::string_view text, int64_t whole = 1000) {
    const absl::StatusOr<int64_t> bytes = ParseBytes(text, whole);
    EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(bytes.status().message());
  };
  for (const char* text : {"", "G", "%", "1T", "-1G", "+1G", "1e9", "inf", "nan", "1 G", " 1G", "1.2.3G", ".",
                           "0x10", "12GB", "12GiB"}) {
    EXPECT_THAT(wrong(text), HasSubstr("is no amount; an amount of memory is 12G")) << text;
  }
  EXPECT_THAT(wrong("0"), HasSubstr("\"0\" is less than one byte"));
  EXPECT_THAT(wrong("0.0001K"), HasSubstr("less than one byte"));
  EXPECT_THAT(wrong("8589934592G"), HasSubstr("too much"));
  EXPECT_THAT(wrong("0%"), HasSubstr("not above 0% and at most 100%"));
  EXPECT_THAT(wrong("101%"), HasSubstr("not above 0% and at most 100%"));
  EXPECT_THAT(wrong("70%", 0), HasSubstr("can't be found out"));
  EXPECT_LT(wrong(std::string(100'000, '9') + "X").size(), 300u);
}

}  // namespace
}  // namespace impasto
