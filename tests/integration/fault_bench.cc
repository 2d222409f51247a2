#include "tests/integration/fault_bench.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "tests/testing/small_disk.h"

namespace impasto::testing {
namespace {

using Stub = v1::Stylization::Stub;

constexpr int64_t kDiskBytes = 32 << 20;
constexpr std::chrono::minutes kPatience{2};
// A client looks after so long whether the server is there. It may do so more often nowhere.
constexpr int kKeepaliveMillis = 10'000;
constexpr int kKeepaliveTimeoutMillis = 2'000;

std::shared_ptr<grpc::Channel> OwnChannel(const std::string& address, bool keepalive) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (keepalive) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  }
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

const char* CodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return nullptr;
  }
}

void LimitFiles(pid_t server, rlim_t bytes) {
  rlimit limit;
  EXPECT_EQ(prlimit(server, RLIMIT_FSIZE, nullptr, &limit), 0);
  limit.rlim_cur = std::min(bytes, limit.rlim_max);
  EXPECT_EQ(prlimit(server, RLIMIT_FSIZE, &limit, nullptr), 0);
}

}  // namespace

SmallDisk::SmallDisk() : is_mounted_(MountSmallDisk(folder_.path(), kDiskBytes)) {
  // Children inherit it: beyond the limit, writing gives EFBIG instead of the signal.
  if (!is_mounted_) signal(SIGXFSZ, SIG_IGN);
}

SmallDisk::~SmallDisk() {
  if (is_mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
}

std::string SmallDisk::StateDir() { return folder_.File(absl::StrCat("state-", ++state_dirs_)); }

void SmallDisk::Fill(pid_t server) {
  if (!is_mounted_) return LimitFiles(server, 1);
  EXPECT_TRUE(FillDisk(folder_.File("filler")));
}

void SmallDisk::MakeRoom(pid_t server) {
  if (!is_mounted_) return LimitFiles(server, RLIM_INFINITY);
  EXPECT_EQ(unlink(folder_.File("filler").c_str()), 0);
}

FaultBench::FaultBench(std::string program, SmallDisk* disk) : program_(std::move(program)), disk_(disk) {
  WriteSmallModel(weights_.path(), "vgg19");
  undisturbed_ = StartServer(weights_.path());
}

std::string FaultBench::Paint(const v1::Recipe& recipe) {
  MutexLock lock(&mutex_);
  std::string& picture = painted_[recipe.SerializeAsString()];
  if (picture.empty()) {
    v1::StylizeRequest request = SmallRequest(1);
    *request.mutable_recipe() = recipe;
    const JobOutcome outcome = RunJob(*undisturbed_.stylization, request);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    picture = outcome.picture.data;
    EXPECT_TRUE(DeleteJob(*undisturbed_.stylization, outcome.accepted.job()).ok());
  }
  return picture;
}

FaultServer::FaultServer(FaultBench* bench, const std::string& state_dir)
    : bench_(bench), state_dir_(state_dir.empty() ? own_state_.path() : state_dir) {
  Restart();
}

int FaultServer::port() const {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address().substr(address().rfind(':') + 1), &port));
  return port;
}

std::string FaultServer::End() {
  const int code = process().WaitForExit().value_or(-1);
  return code == 128 + SIGKILL ? "killed" : absl::StrCat("exit code ", code);
}

void FaultServer::Restart() {
  running_ = std::nullopt;
  running_ = StartServer(bench_->weights_dir(), {"--state-dir", state_dir_, "--checkpoint-every", "0s"});
}

std::string FaultServer::Serves() {
  const JobOutcome outcome = RunJob(stub(), SmallRequest(1));
  if (!outcome.status.ok()) return absl::StrCat("serves no more: ", outcome.status.error_message());
  const grpc::Status deleted = DeleteJob(stub(), outcome.accepted.job());
  if (deleted.ok()) return "serves on";
  // Deleting has to be written down, too. Where that fails, the job is still there.
  v1::Job job;
  const grpc::Status found = GetJob(stub(), outcome.accepted.job(), &job);
  return found.ok() && deleted.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ? "serves on"
                                                                                    : deleted.error_message();
}

std::string FaultServer::FileOf(const std::string& job, const std::string& file) const {
  return absl::StrCat(state_dir_, "/", job, "/", file);
}

FaultClient::FaultClient(FaultServer& server, bool keepalive)
    : proxy_(server.port()),
      stub_(v1::Stylization::NewStub(OwnChannel(absl::StrCat("127.0.0.1:", proxy_.port()), keepalive))) {
  v1::ListJobsResponse jobs;
  const grpc::Status status = Ask(*stub_, &Stub::ListJobs, v1::ListJobsRequest(), &jobs);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

std::unique_ptr<ServerProcess> StartClient(FaultServer& server, const std::string& what,
                                           const std::string& name) {
  auto client = ServerProcess::Start(server.bench().program(), {"--client", what, server.address(), name});
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

int FaultClientMain(int argc, char** argv) {
  if (argc != 5 || std::string(argv[1]) != "--client") return -1;
  const std::string what = argv[2], address = argv[3], name = argv[4];
  const auto stub =
      v1::Stylization::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  if (what == "stylize") {
    RunJob(*stub, SmallRequest(kNeverDone), AtIteration(5, [](const std::string& job, grpc::ClientContext&) {
      std::printf("it runs: %s\n", job.c_str());
      std::fflush(stdout);
    }));
    return 1;
  }
  grpc::Status status;
  for (double weight = 2e6; status.ok(); weight += 1e6) {
    v1::Job job;
    status = Ask(*stub, &Stub::UpdateJob, StyleWeightUpdate(name, weight), &job);
  }
  return 1;
}

std::string Words(const grpc::Status& status) {
  const char* name = CodeName(status.error_code());
  if (name == nullptr) return absl::StrCat("code ", status.error_code(), ": ", status.error_message());
  return absl::StrCat(name, HasRetryInfo(status) ? " with a RetryInfo" : "");
}

std::string EndOfJob(FaultServer& server, const std::string& name, JobOutcome outcome) {
  outcome.accepted.set_job(name);
  const bool far_to_go = JobNow(server.stub(), name).end_time().seconds() == 0;
  if (far_to_go) EndSoon(server.stub(), name, 60);
  GoOn(server.stub(), &outcome);
  const v1::Job job = JobNow(server.stub(), name);
  std::vector<std::string> wrong = outcome.faults;
  if (!outcome.status.ok()) wrong.push_back(outcome.status.error_message());
  if (job.state() != v1::Job::STATE_SUCCEEDED) wrong.push_back(v1::Job::State_Name(job.state()));
  if (static_cast<int>(outcome.progress.size()) != job.iteration() + 1) wrong.push_back("losses are missing");
  if (outcome.picture.data.empty()) {
    wrong.push_back("no picture");
  } else if (outcome.picture.data != server.bench().Paint(job.original_recipe())) {
    wrong.push_back("another picture");
  }
  if (const grpc::Status deleted = DeleteJob(server.stub(), name); !deleted.ok())
    wrong.push_back(deleted.error_message());
  return wrong.empty() ? "succeeded, the same picture" : absl::StrJoin(wrong, "; ");
}

void WaitForFile(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!std::filesystem::exists(path) && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

}  // namespace impasto::testing
