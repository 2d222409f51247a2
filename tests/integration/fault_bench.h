// What the cells of the fault matrix need: a server that can be killed and come back, a disk that fills up,
// clients that can be killed, and the picture that a job must end with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "tests/integration/harness.h"
#include "tests/server/rpc/tcp_proxy.h"

namespace impasto::testing {

// A disk of 32 MiB. Where this machine lets nobody mount one: a limit to the size of the server's files,
// which fails writes in the same places.
class SmallDisk {
 public:
  // While the program has one thread.
  SmallDisk();
  ~SmallDisk();
  // Where a server may keep its state. One cell at a time.
  std::string StateDir();
  void Fill(pid_t server);
  void MakeRoom(pid_t server);

 private:
  TempDir folder_;
  bool is_mounted_ = false;
  int state_dirs_ = 0;
};

// What all cells share. Thread-safe.
class FaultBench {
 public:
  // `program`: this one, which is also the clients that are killed; see FaultClientMain.
  FaultBench(std::string program, SmallDisk* disk);

  const std::string& program() const { return program_; }
  const std::string& weights_dir() const { return weights_.path(); }
  SmallDisk& disk() { return *disk_; }
  // What SmallRequest with this recipe paints on a server that nobody disturbs.
  std::string Paint(const v1::Recipe& recipe);

 private:
  const std::string program_;
  SmallDisk* const disk_;
  TempDir weights_;
  RunningServer undisturbed_;
  Mutex mutex_;
  std::map<std::string, std::string> painted_ ABSL_GUARDED_BY(mutex_);
};

// A server with a state directory. Checkpoints come one after another.
class FaultServer {
 public:
  // `state_dir`: "" for one of its own.
  explicit FaultServer(FaultBench* bench, const std::string& state_dir = "");

  FaultBench& bench() { return *bench_; }
  v1::Stylization::Stub& stub() { return *running_->stylization; }
  ServerProcess& process() { return *running_->process; }
  RunningServer& running() { return *running_; }
  const std::string& address() const { return running_->address; }
  int port() const;

  void Kill() { process().Signal(SIGKILL); }
  // "exit code N", or "killed"; once it has ended.
  std::string End();
  // On the same state. Kills it where it still runs.
  void Restart();
  // "serves on", if it does.
  std::string Serves();
  // What it keeps of a job: "checkpoint", "result".
  std::string FileOf(const std::string& job, const std::string& file) const;

 private:
  FaultBench* const bench_;
  TempDir own_state_;
  const std::string state_dir_;
  std::optional<RunningServer> running_;
};

// A client's own connection, by way of a proxy.
class FaultClient {
 public:
  // With `keepalive`, it looks after 10 s of silence whether the server is there.
  explicit FaultClient(FaultServer& server, bool keepalive = false);
  v1::Stylization::Stub& stub() { return *stub_; }
  rpc::TcpProxy& way() { return proxy_; }

 private:
  rpc::TcpProxy proxy_;
  std::unique_ptr<v1::Stylization::Stub> stub_;
};

// A client in a process of its own that never comes to an end by itself: "stylize" starts a job that is never
// done and reads its events, and "update" changes the job NAME over and over.
std::unique_ptr<ServerProcess> StartClient(FaultServer& server, const std::string& what,
                                           const std::string& name = "");
// That process's main. -1: the arguments are no client's.
int FaultClientMain(int argc, char** argv);

// "UNAVAILABLE", and whether it says when to try again.
std::string Words(const grpc::Status& status);

// Lets the job come to its end, watched on by the watcher that has `outcome` so far, or by a new one, and
// forgets it: "succeeded, the same picture"; or what is wrong.
std::string EndOfJob(FaultServer& server, const std::string& name, JobOutcome outcome = {});

void WaitForFile(const std::string& path);

}  // namespace impasto::testing
