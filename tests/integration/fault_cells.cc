#include "tests/integration/fault_cells.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include "absl/strings/match.h"

namespace impasto::testing {
namespace {

using Stub = v1::Stylization::Stub;

constexpr double kNewWeight = 2e6;
constexpr std::chrono::seconds kDeadline{1};
// Keepalive pings after 20 s, answers within 10 s: see server/rpc/server.cc.
constexpr std::chrono::seconds kUntilTheServerNotices{60};

// A job that nobody watches, with some steps behind it.
std::string StartJob(FaultServer& server) {
  const std::string name = Detach(server.stub(), SmallRequest(kNeverDone));
  WaitForJob(server.stub(), name, [](const v1::Job& job) { return job.iteration() >= 5; });
  return name;
}

grpc::Status Update(Stub& stub, const std::string& name, double weight = kNewWeight) {
  v1::Job job;
  return Ask(stub, &Stub::UpdateJob, StyleWeightUpdate(name, weight), &job);
}

bool HasChange(const v1::Job& job, double weight) {
  for (const v1::RecipeChange& change : job.original_recipe().changes()) {
    if (change.style_weight() == weight) return true;
  }
  return false;
}

void WaitForChange(FaultServer& server, const std::string& name) {
  WaitForJob(server.stub(), name, [](const v1::Job& job) { return HasChange(job, kNewWeight); });
}

// "changed; ", and how it ends.
std::string EndOfChangedJob(FaultServer& server, const std::string& name) {
  const bool changed = HasChange(JobNow(server.stub(), name), kNewWeight);
  return absl::StrCat(changed ? "changed; " : "unchanged; ", EndOfJob(server, name));
}

v1::Job Pause(Stub& stub, const std::string& name) {
  v1::Job job;
  const grpc::Status status = Ask(stub, &Stub::PauseJob, Named<v1::PauseJobRequest>(name), &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

v1::Job Resume(Stub& stub, const std::string& name) {
  v1::Job job;
  const grpc::Status status = Ask(stub, &Stub::ResumeJob, Named<v1::ResumeJobRequest>(name), &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

v1::StylizeRequest LongRequest() {
  v1::StylizeRequest request = SmallRequest(kNeverDone);
  request.mutable_preview()->set_every_iterations(3);
  return request;
}

// "orphaned; ", and how a job ends whose watcher comes back.
std::string EndOfOrphan(FaultServer& server, const JobOutcome& outcome) {
  const std::string& name = outcome.accepted.job();
  WaitForState(server.stub(), name, v1::Job::STATE_ORPHANED);
  return absl::StrCat("orphaned; attached again: ", EndOfJob(server, name, outcome));
}

// Waits until there is a checkpoint of the job.
OnEvent AtCheckpoint(FaultServer& server, const std::function<void(const std::string& job)>& then) {
  return AtIteration(20, [&server, then](const std::string& job, grpc::ClientContext&) {
    WaitForFile(server.FileOf(job, "checkpoint"));
    then(job);
  });
}

void FlipAByte(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(0, std::ios::end);
  const auto middle = static_cast<std::streamoff>(file.tellg()) / 2;
  file.seekg(middle);
  const char byte = static_cast<char>(file.get());
  file.seekp(middle);
  file.put(static_cast<char>(byte ^ 1));
  EXPECT_TRUE(file.flush().good()) << path;
}

std::string WhetherItBeganAnew(FaultServer& server) {
  const bool anew = absl::StrContains(server.process().output(), "begins anew; its checkpoint is lost");
  return anew ? "the log says that the checkpoint is lost" : "goes on from the checkpoint";
}

// Fills the disk until the server has noticed: checkpoints that come and go make room now and then.
void FillDisk(FaultServer& server) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  do {
    server.bench().disk().Fill(server.process().pid());
  } while (!absl::StrContains(server.process().output(), "the journal can't be written") &&
           std::chrono::steady_clock::now() < until);
}
// And the other way round.
void MakeRoom(FaultServer& server) {
  server.bench().disk().MakeRoom(server.process().pid());
  const auto line = server.process().WaitForLine("the journal can be written again");
  EXPECT_TRUE(line.ok()) << line.status();
}
std::string WhetherItSaidSo(FaultServer& server) {
  const bool said = absl::StrContains(server.process().output(), "the journal can't be written");
  return said ? "says so in its log" : "says nothing";
}

// --- One call and its answer.

Seen UnaryOk(FaultServer& server) {
  const std::string name = StartJob(server);
  const grpc::Status status = Update(server.stub(), name);
  return {Words(status), server.Serves(), EndOfChangedJob(server, name)};
}

// The change is made, but the answer doesn't come through before the client gives up.
Seen UnaryGivenUp(FaultServer& server, std::chrono::seconds deadline, bool cancel) {
  const std::string name = StartJob(server);
  FaultClient client(server);
  client.way().HoldAnswers();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  std::future<grpc::Status> call = std::async(std::launch::async, [&] {
    v1::Job job;
    return client.stub().UpdateJob(&context, StyleWeightUpdate(name, kNewWeight), &job);
  });
  WaitForChange(server, name);
  if (cancel) context.TryCancel();
  return {Words(call.get()), server.Serves(), EndOfChangedJob(server, name)};
}

Seen UnaryCancel(FaultServer& server) { return UnaryGivenUp(server, std::chrono::minutes(4), true); }

Seen UnaryDeadline(FaultServer& server) { return UnaryGivenUp(server, kDeadline, false); }

Seen UnaryClientKilled(FaultServer& server) {
  const std::string name = StartJob(server);
  const auto client = StartClient(server, "update", name);
  WaitForChange(server, name);
  client->Signal(SIGKILL);
  const int code = client->WaitForExit().value_or(-1);
  return {code == 128 + SIGKILL ? "killed" : absl::StrCat("exit code ", code), server.Serves(),
          EndOfChangedJob(server, name)};
}

Seen UnarySigterm(FaultServer& server) {
  const std::string name = StartJob(server);
  // Somebody waits for an interactive job, so that the server doesn't stop before the call comes.
  v1::StylizeRequest interactive = SmallRequest(kNeverDone);
  interactive.set_priority(v1::PRIORITY_INTERACTIVE);
  std::promise<void> runs;
  JobOutcome watched;
  std::thread watcher([&] {
    watched = RunJob(server.stub(), interactive,
                     AtIteration(1, [&](const std::string&, auto&) { runs.set_value(); }));
  });
  runs.get_future().wait();
  constexpr int kServing = 1, kNotServing = 2;
  (void)WatchHealth(*server.running().channel, "", [&](int state) {
    if (state == kServing) server.process().Signal(SIGTERM);
    return state == kNotServing;
  });
  const grpc::Status stopping = Update(server.stub(), name);
  server.process().Signal(SIGTERM);
  watcher.join();
  const std::string end = server.End();
  server.Restart();
  EXPECT_TRUE(CancelJob(server.stub(), watched.accepted.job()).ok());
  const grpc::Status again = Update(server.stub(), name);
  return {absl::StrCat(Words(stopping), "; after the restart: ", Words(again)),
          absl::StrCat(end, "; restarted: ", server.Serves()), EndOfChangedJob(server, name)};
}

Seen UnaryKill(FaultServer& server) {
  const std::string name = StartJob(server);
  const grpc::Status before = Update(server.stub(), name);
  // Another, whose answer doesn't come through.
  FaultClient client(server);
  client.way().HoldAnswers();
  std::future<grpc::Status> pending =
      std::async(std::launch::async, [&] { return Update(client.stub(), name, 2 * kNewWeight); });
  WaitForJob(server.stub(), name, [](const v1::Job& job) { return HasChange(job, 2 * kNewWeight); });
  server.Kill();
  const std::string end = server.End();
  client.way().Cut();
  const grpc::Status lost = pending.get();
  server.Restart();
  // What was answered is there.
  EXPECT_TRUE(HasChange(JobNow(server.stub(), name), kNewWeight));
  const grpc::Status again = Update(server.stub(), name, 2 * kNewWeight);
  EXPECT_TRUE(HasChange(JobNow(server.stub(), name), 2 * kNewWeight));
  return {absl::StrCat(Words(before), "; the next: ", Words(lost), "; after the restart: ", Words(again)),
          absl::StrCat(end, "; restarted: ", server.Serves()), EndOfChangedJob(server, name)};
}

Seen UnaryDiskFull(FaultServer& server) {
  const std::string name = StartJob(server);
  FillDisk(server);
  v1::Job job;
  const grpc::Status status = Ask(server.stub(), &Stub::UpdateJob, StyleWeightUpdate(name, kNewWeight), &job);
  const bool warned = job.warnings_size() > 0 && absl::StrContains(job.warnings(0), "isn't on disk");
  const std::string serves = absl::StrCat(WhetherItSaidSo(server), ", ", server.Serves());
  MakeRoom(server);
  server.Kill();
  const std::string end = server.End();
  server.Restart();
  return {absl::StrCat(Words(status), warned ? " with a warning that the change isn't on disk" : ""),
          absl::StrCat(serves, "; with room again ", end, "; restarted: ", server.Serves()),
          EndOfChangedJob(server, name)};
}

Seen UnaryCorruptCheckpoint(FaultServer& server) {
  const std::string name = StartJob(server);
  WaitForFile(server.FileOf(name, "checkpoint"));
  server.Kill();
  const std::string end = server.End();
  FlipAByte(server.FileOf(name, "checkpoint"));
  server.Restart();
  const grpc::Status status = Update(server.stub(), name);
  const std::string anew = WhetherItBeganAnew(server);
  return {Words(status), absl::StrCat(end, "; restarted: ", anew, ", ", server.Serves()),
          EndOfChangedJob(server, name)};
}

Seen UnarySlowReader(FaultServer& server) {
  const std::string name = StartJob(server);
  FaultClient client(server);
  client.way().HoldAnswers();
  std::future<grpc::Status> slow =
      std::async(std::launch::async, [&] { return Update(client.stub(), name); });
  WaitForChange(server, name);
  const std::string serves = server.Serves();
  client.way().Release();
  return {Words(slow.get()), serves, EndOfChangedJob(server, name)};
}

Seen UnaryHalfOpen(FaultServer& server) {
  const std::string name = StartJob(server);
  Pause(server.stub(), name);  // it needn't make steps all the while
  FaultClient client(server, /*keepalive=*/true);
  client.way().HoldAll();
  const grpc::Status status = Update(client.stub(), name);
  const bool closed = client.way().WaitForServerToClose(kUntilTheServerNotices);
  const std::string serves = server.Serves();
  Resume(server.stub(), name);
  return {Words(status), absl::StrCat(closed ? "closes the connection, " : "holds the connection, ", serves),
          EndOfChangedJob(server, name)};
}

// --- A stream of events.

Seen StreamOk(FaultServer& server) {
  v1::StylizeRequest request = LongRequest();
  request.mutable_recipe()->set_iterations(60);
  const JobOutcome outcome = RunJob(server.stub(), request);
  return {Words(outcome.status), server.Serves(), EndOfJob(server, outcome.accepted.job(), outcome)};
}

Seen StreamCancel(FaultServer& server) {
  const JobOutcome outcome =
      RunJob(server.stub(), LongRequest(),
             AtIteration(20, [](const std::string&, grpc::ClientContext& call) { call.TryCancel(); }));
  return {Words(outcome.status), server.Serves(), EndOfOrphan(server, outcome)};
}

Seen StreamDeadline(FaultServer& server) {
  const JobOutcome outcome = RunJob(server.stub(), LongRequest(), {}, [](grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  });
  return {Words(outcome.status), server.Serves(), EndOfOrphan(server, outcome)};
}

Seen StreamClientKilled(FaultServer& server) {
  const auto client = StartClient(server, "stylize");
  const auto line = client->WaitForLine("it runs: ");
  EXPECT_TRUE(line.ok()) << line.status();
  JobOutcome outcome;
  outcome.accepted.set_job(line->substr(line->find("jobs/")));
  client->Signal(SIGKILL);
  const int code = client->WaitForExit().value_or(-1);
  return {code == 128 + SIGKILL ? "killed" : absl::StrCat("exit code ", code), server.Serves(),
          EndOfOrphan(server, outcome)};
}

Seen StreamSigterm(FaultServer& server) {
  const JobOutcome outcome =
      RunJob(server.stub(), LongRequest(),
             AtIteration(20, [&](const std::string&, auto&) { server.process().Signal(SIGTERM); }));
  const std::string end = server.End();
  server.Restart();
  const std::string rest = EndOfJob(server, outcome.accepted.job(), outcome);
  return {Words(outcome.status),
          absl::StrCat(end, "; restarted: ", WhetherItBeganAnew(server), ", ", server.Serves()),
          absl::StrCat("goes on by itself; attached again: ", rest)};
}

// `before_restart`: what is done to the job's files.
Seen StreamKilled(FaultServer& server, const std::function<void(const std::string& job)>& before_restart) {
  const JobOutcome outcome =
      RunJob(server.stub(), LongRequest(), AtCheckpoint(server, [&](const std::string&) { server.Kill(); }));
  const std::string end = server.End();
  before_restart(outcome.accepted.job());
  server.Restart();
  const std::string rest = EndOfJob(server, outcome.accepted.job(), outcome);
  return {Words(outcome.status),
          absl::StrCat(end, "; restarted: ", WhetherItBeganAnew(server), ", ", server.Serves()),
          absl::StrCat("goes on by itself; attached again: ", rest)};
}

Seen StreamKill(FaultServer& server) {
  return StreamKilled(server, [](const std::string&) {});
}

Seen StreamCorruptCheckpoint(FaultServer& server) {
  return StreamKilled(server, [&](const std::string& job) { FlipAByte(server.FileOf(job, "checkpoint")); });
}

Seen StreamDiskFull(FaultServer& server) {
  const JobOutcome outcome =
      RunJob(server.stub(), LongRequest(), AtIteration(20, [&](const std::string& job, grpc::ClientContext&) {
               FillDisk(server);
               EndSoon(server.stub(), job, 60);
             }));
  const std::string& name = outcome.accepted.job();
  // The result can be had meanwhile, and by others.
  EXPECT_EQ(JobNow(server.stub(), name).state(), v1::Job::STATE_SUCCEEDED);
  const JobOutcome other = WatchJob(server.stub(), name);
  EXPECT_TRUE(other.status.ok()) << other.status.error_message();
  EXPECT_TRUE(!outcome.picture.data.empty() && other.picture.data == outcome.picture.data);
  const std::string serves = absl::StrCat(WhetherItSaidSo(server), ", ", server.Serves());
  MakeRoom(server);
  WaitForFile(server.FileOf(name, "result"));
  server.Kill();
  const std::string end = server.End();
  server.Restart();
  const JobOutcome after = WatchJob(server.stub(), name);
  EXPECT_TRUE(after.picture.data == outcome.picture.data) << after.status.error_message();
  return {Words(outcome.status),
          absl::StrCat(serves, "; with room again ", end, "; restarted: ", server.Serves()),
          EndOfJob(server, name, outcome)};
}

Seen StreamSlowReader(FaultServer& server) {
  // The first doesn't read on before the second has all of it.
  JobOutcome second;
  std::thread other;
  const JobOutcome first = RunJob(
      server.stub(), LongRequest(), AtIteration(1, [&](const std::string& job, grpc::ClientContext&) {
        other = std::thread([&, job] {
          second = WatchJob(server.stub(), job, 0, [&](const v1::JobEvent& event, grpc::ClientContext&) {
            if (event.progress().iteration() == 300) EndSoon(server.stub(), job, 60);
          });
        });
        other.join();
      }));
  EXPECT_TRUE(second.status.ok()) << second.status.error_message();
  EXPECT_TRUE(second.faults.empty());
  EXPECT_EQ(second.progress.size(), first.progress.size());
  return {Words(first.status), server.Serves(), EndOfJob(server, first.accepted.job(), first)};
}

Seen StreamHalfOpen(FaultServer& server) {
  FaultClient client(server, /*keepalive=*/true);
  const JobOutcome outcome =
      RunJob(client.stub(), LongRequest(), AtIteration(20, [&](const std::string& job, grpc::ClientContext&) {
               client.way().HoldAll();
               Pause(server.stub(), job);  // it needn't make steps all the while
             }));
  const std::string& name = outcome.accepted.job();
  const bool closed = client.way().WaitForServerToClose(kUntilTheServerNotices);
  WaitForJob(server.stub(), name, [](const v1::Job& job) { return job.watchers() == 0; });
  const std::string serves = server.Serves();
  Resume(server.stub(), name);
  return {Words(outcome.status),
          absl::StrCat(closed ? "closes the connection, " : "holds the connection, ", serves),
          EndOfOrphan(server, outcome)};
}

}  // namespace

const std::vector<FaultCell>& FaultCells() {
  static const auto* const cells = new std::vector<FaultCell>{
      {"unary",
       "ok",
       Where::kAnyServer,
       {"OK", "serves on", "changed; succeeded, the same picture"},
       UnaryOk},
      {"unary",
       "cancel by client",
       Where::kAnyServer,
       {"CANCELLED", "serves on", "changed; succeeded, the same picture"},
       UnaryCancel},
      {"unary",
       "deadline",
       Where::kAnyServer,
       {"DEADLINE_EXCEEDED", "serves on", "changed; succeeded, the same picture"},
       UnaryDeadline},
      {"unary",
       "client killed",
       Where::kAnyServer,
       {"killed", "serves on", "changed; succeeded, the same picture"},
       UnaryClientKilled},
      {"unary",
       "server SIGTERM",
       Where::kOwnServer,
       {"UNAVAILABLE with a RetryInfo; after the restart: OK", "exit code 0; restarted: serves on",
        "changed; succeeded, the same picture"},
       UnarySigterm},
      {"unary",
       "server kill -9",
       Where::kOwnServer,
       {"OK; the next: UNAVAILABLE; after the restart: OK", "killed; restarted: serves on",
        "changed; succeeded, the same picture"},
       UnaryKill},
      {"unary",
       "disk full",
       Where::kSmallDisk,
       {"OK with a warning that the change isn't on disk",
        "says so in its log, serves on; with room again killed; restarted: serves on",
        "changed; succeeded, the same picture"},
       UnaryDiskFull},
      {"unary",
       "corrupt checkpoint",
       Where::kOwnServer,
       {"OK", "killed; restarted: the log says that the checkpoint is lost, serves on",
        "changed; succeeded, the same picture"},
       UnaryCorruptCheckpoint},
      {"unary",
       "slow reader",
       Where::kAnyServer,
       {"OK", "serves on", "changed; succeeded, the same picture"},
       UnarySlowReader},
      {"unary",
       "half-open connection",
       Where::kSilentWire,
       {"UNAVAILABLE", "closes the connection, serves on", "unchanged; succeeded, the same picture"},
       UnaryHalfOpen},
      {"stream", "ok", Where::kAnyServer, {"OK", "serves on", "succeeded, the same picture"}, StreamOk},
      {"stream",
       "cancel by client",
       Where::kAnyServer,
       {"CANCELLED", "serves on", "orphaned; attached again: succeeded, the same picture"},
       StreamCancel},
      {"stream",
       "deadline",
       Where::kAnyServer,
       {"DEADLINE_EXCEEDED", "serves on", "orphaned; attached again: succeeded, the same picture"},
       StreamDeadline},
      {"stream",
       "client killed",
       Where::kAnyServer,
       {"killed", "serves on", "orphaned; attached again: succeeded, the same picture"},
       StreamClientKilled},
      {"stream",
       "server SIGTERM",
       Where::kOwnServer,
       {"UNAVAILABLE with a RetryInfo", "exit code 0; restarted: goes on from the checkpoint, serves on",
        "goes on by itself; attached again: succeeded, the same picture"},
       StreamSigterm},
      {"stream",
       "server kill -9",
       Where::kOwnServer,
       {"UNAVAILABLE", "killed; restarted: goes on from the checkpoint, serves on",
        "goes on by itself; attached again: succeeded, the same picture"},
       StreamKill},
      {"stream",
       "disk full",
       Where::kSmallDisk,
       {"OK", "says so in its log, serves on; with room again killed; restarted: serves on",
        "succeeded, the same picture"},
       StreamDiskFull},
      {"stream",
       "corrupt checkpoint",
       Where::kOwnServer,
       {"UNAVAILABLE", "killed; restarted: the log says that the checkpoint is lost, serves on",
        "goes on by itself; attached again: succeeded, the same picture"},
       StreamCorruptCheckpoint},
      {"stream",
       "slow reader",
       Where::kAnyServer,
       {"OK", "serves on", "succeeded, the same picture"},
       StreamSlowReader},
      {"stream",
       "half-open connection",
       Where::kSilentWire,
       {"UNAVAILABLE", "closes the connection, serves on",
        "orphaned; attached again: succeeded, the same picture"},
       StreamHalfOpen},
  };
  return *cells;
}

}  // namespace impasto::testing
