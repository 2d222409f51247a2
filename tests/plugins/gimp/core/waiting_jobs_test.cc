#include "core/waiting_jobs.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_replace.h"
#include "core/files.h"
#include "tests/plugins/gimp/core/temporary_folder.h"

namespace impasto::gimp {
namespace {

WaitingJob Job(const std::string& name, int64_t created = 1000) {
  WaitingJob job;
  job.job = name;
  job.server.address = "box:1";
  job.created = absl::FromUnixSeconds(created);
  return job;
}

// A process that has ended, and is waited for.
int EndedProcess() {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(0);
  }
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
  return pid;
}

TEST(WaitingJobsTest, ARecordAndBack) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder / "new/waiting");
  WaitingJob job = Job("jobs/25c88e4457d10fe2");
  job.server.tls_ca = "/ca.pem";
  job.image = "Fjord";
  job.image_file = "/pictures/fjord.xcf";
  job.layer = "Background";
  job.x = -5;
  job.y = 6;
  job.width = 640;
  job.height = 480;
  job.image_width = 1000;
  job.image_height = 800;
  job.process = EndedProcess();
  job.icc_profile = std::string("\0\xff profile", 10);
  job.settings.size = 640;
  ASSERT_TRUE(waiting.Put(job).ok());
  const std::vector<WaitingJob> jobs = waiting.List();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].job, "jobs/25c88e4457d10fe2");
  EXPECT_EQ(jobs[0].server, job.server);
  EXPECT_EQ(jobs[0].created, absl::FromUnixSeconds(1000));
  EXPECT_EQ(jobs[0].image, "Fjord");
  EXPECT_EQ(jobs[0].image_file, "/pictures/fjord.xcf");
  EXPECT_EQ(jobs[0].layer, "Background");
  EXPECT_EQ(jobs[0].x, -5);
  EXPECT_EQ(jobs[0].y, 6);
  EXPECT_EQ(jobs[0].width, 640);
  EXPECT_EQ(jobs[0].height, 480);
  EXPECT_EQ(jobs[0].image_width, 1000);
  EXPECT_EQ(jobs[0].image_height, 800);
  EXPECT_EQ(jobs[0].process, job.process);
  EXPECT_EQ(jobs[0].icc_profile, job.icc_profile);
  EXPECT_EQ(jobs[0].settings.size, 640);
  struct stat info {};
  ASSERT_EQ(stat((folder / "new/waiting/25c88e4457d10fe2.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
}

TEST(WaitingJobsTest, TheOldestIsFirstAndOneThatIsRemovedIsGone) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder.path());
  ASSERT_TRUE(waiting.Put(Job("jobs/b", 3000)).ok());
  ASSERT_TRUE(waiting.Put(Job("jobs/a", 5000)).ok());
  ASSERT_TRUE(waiting.Put(Job("jobs/c", 1)).ok());
  ASSERT_TRUE(waiting.Put(Job("jobs/a", 2000)).ok());
  const auto names = [&] {
    std::string names;
    for (const WaitingJob& job : waiting.List()) {
      names += job.job + " ";
    }
    return names;
  };
  EXPECT_EQ(names(), "jobs/c jobs/a jobs/b ");
  ASSERT_TRUE(waiting.Remove("jobs/a").ok());
  ASSERT_TRUE(waiting.Remove("jobs/a").ok());
  EXPECT_EQ(names(), "jobs/c jobs/b ");
}

TEST(WaitingJobsTest, AJobIsntWaitingWhileItsProcessRuns) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder.path());
  WaitingJob job = Job("jobs/a");
  job.process = getpid();
  ASSERT_TRUE(waiting.Put(job).ok());
  EXPECT_TRUE(waiting.List().empty());
}

TEST(WaitingJobsTest, AnotherProcessOfTheSameNumberDoesntHideAJob) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder.path());
  WaitingJob job = Job("jobs/a");
  job.process = EndedProcess();
  ASSERT_TRUE(waiting.Put(job).ok());
  const std::string text = *ReadFile(folder / "a.json", 1 << 20);
  const std::string key = "\"process\":";
  // As if this test had got the number since.
  ASSERT_TRUE(WriteFile(folder / "a.json",
                        absl::StrReplaceAll(
                            text, {{key + std::to_string(job.process), key + std::to_string(getpid())},
                                   {"\"process_start\":\"\"", "\"process_start\":\"1\""}}))
                  .ok());
  const std::vector<WaitingJob> jobs = waiting.List();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].process, getpid());
}

TEST(WaitingJobsTest, AForeignNameTouchesNoFile) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder / "waiting");
  for (const char* name : {"", "jobs/", "25c8", "styles/a", "jobs/../a", "jobs/a/b", "jobs/A", "jobs/a.b",
                           "jobs/a\n", "jobs/ä"}) {
    EXPECT_EQ(waiting.Put(Job(name)).code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(waiting.Remove(name).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(waiting.Put(Job("jobs/" + std::string(65, 'a'))).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(folder / "waiting"));
}

TEST(WaitingJobsTest, FilesThatArentOursArePassedOver) {
  const TemporaryFolder folder;
  const WaitingJobs waiting(folder.path());
  EXPECT_TRUE(WaitingJobs(folder / "none").List().empty());
  ASSERT_TRUE(waiting.Put(Job("jobs/a")).ok());
  const std::string good = *ReadFile(folder / "a.json", 1 << 20);
  ASSERT_TRUE(WriteFile(folder / "copy of a.json", good).ok());
  ASSERT_TRUE(WriteFile(folder / "a.json.tmp", good).ok());
  ASSERT_TRUE(WriteFile(folder / "b.json", "{").ok());
  ASSERT_TRUE(WriteFile(folder / "c.json", R"({"job": "jobs/c", "x": "five"})").ok());
  ASSERT_TRUE(WriteFile(folder / "d.json", R"({"job": "jobs/d", "icc_profile": "%"})").ok());
  ASSERT_TRUE(WriteFile(folder / "e.json", R"({"job": "jobs/e", "width": 2000000000})").ok());
  std::filesystem::create_directory(folder / "f.json");
  const std::vector<WaitingJob> jobs = waiting.List();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].job, "jobs/a");
}

}  // namespace
}  // namespace impasto::gimp
