#include "tests/benchmarks/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/memory.h"
#include "base/status_macros.h"

namespace impasto::bench {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// How the case's threads wait for work. Our own executor gets what impastod sets for it (server/app/
// passive_wait.h); the rivals keep their libraries' own way, which is faster for them on an idle machine.
std::vector<std::string> Environment(const Case& c) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "OMP_") && !absl::StartsWith(*entry, "OPENBLAS_"))
      environment.emplace_back(*entry);
  }
  environment.push_back(absl::StrCat("OMP_NUM_THREADS=", c.threads));
  environment.push_back(absl::StrCat("OPENBLAS_NUM_THREADS=", c.threads));
  if (c.executor == "cpu") {
    environment.emplace_back("OMP_WAIT_POLICY=passive");
    environment.emplace_back("OPENBLAS_THREAD_TIMEOUT=4");
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

int Answer(const Json& json) {
  std::cout << json.dump() << std::endl;
  return 0;
}

int AnswerError(const absl::Status& status) {
  Answer({{"error", std::string(status.message())}});
  return 1;
}

std::string CaseArgument(const Case& c) {
  return Json{{"model", c.model},       {"width", c.width},     {"height", c.height},
              {"executor", c.executor}, {"threads", c.threads}, {"weights", c.weights}}
      .dump();
}

absl::StatusOr<Case> ParseCaseArgument(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Case c;
  try {
    c = {json.at("model"),    json.at("width"),   json.at("height"),
         json.at("executor"), json.at("threads"), json.at("weights")};
  } catch (const Json::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat("--child: ", e.what()));
  }
  return c;
}

int RunChild(const Case& c) {
  const Clock::time_point start = Clock::now();
  int64_t loaded_bytes = 0;
  const absl::StatusOr<std::unique_ptr<Stepper>> stepper = MakeStepper(c, &loaded_bytes);
  if (!stepper.ok()) return AnswerError(stepper.status());
  if (const absl::Status status = (*stepper)->Step(); !status.ok()) return AnswerError(status);
  Answer({{"description", (*stepper)->description()},
          {"loaded_bytes", loaded_bytes},
          {"setup_seconds", SecondsSince(start)}});
  for (std::string line; std::getline(std::cin, line) && line == "step";) {
    const Clock::time_point step = Clock::now();
    if (const absl::Status status = (*stepper)->Step(); !status.ok()) return AnswerError(status);
    Answer({{"seconds", SecondsSince(step)}});
  }
  return Answer({{"peak_bytes", PeakResidentBytes()}});
}

absl::StatusOr<std::unique_ptr<Child>> Child::Spawn(const std::vector<std::string>& arguments,
                                                    const Case& c) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0) return absl::InternalError(std::strerror(errno));
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    return absl::InternalError(std::strerror(errno));
  }
  std::unique_ptr<Child> child(new Child);
  child->commands_ = in[1];
  child->answers_ = fdopen(out[0], "r");

  std::vector<std::string> command = {"impasto-bench"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = Environment(c);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
  const int error = posix_spawn(&child->pid_, "/proc/self/exe", &files, nullptr, Pointers(command).data(),
                                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  close(in[0]);
  close(out[1]);
  if (error != 0) {
    child->pid_ = -1;
    return absl::InternalError(absl::StrCat("can't start a process: ", std::strerror(error)));
  }
  return child;
}

absl::StatusOr<std::unique_ptr<Child>> Child::Start(const Case& c) {
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<Child> child, Spawn({"--child", CaseArgument(c)}, c));
  IMPASTO_ASSIGN_OR_RETURN(const std::string line, child->ReadLine());
  const Json json = Json::parse(line);
  child->description_ = json.at("description");
  child->loaded_bytes_ = json.at("loaded_bytes");
  child->setup_seconds_ = json.at("setup_seconds");
  return child;
}

absl::StatusOr<std::string> AnswerOfChild(const std::vector<std::string>& arguments, const Case& c) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<Child> child, Child::Spawn(arguments, c));
  return child->ReadLine();
}

Child::~Child() {
  if (commands_ >= 0) close(commands_);
  if (answers_ != nullptr) fclose(answers_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

absl::StatusOr<double> Child::Step() {
  static constexpr char kStep[] = "step\n";
  if (write(commands_, kStep, sizeof kStep - 1) != sizeof kStep - 1) return absl::AbortedError(HowItEnded());
  IMPASTO_ASSIGN_OR_RETURN(const std::string line, ReadLine());
  return Json::parse(line).at("seconds").get<double>();
}

absl::StatusOr<int64_t> Child::Finish() {
  close(commands_);
  commands_ = -1;
  IMPASTO_ASSIGN_OR_RETURN(const std::string line, ReadLine());
  HowItEnded();
  return Json::parse(line).at("peak_bytes").get<int64_t>();
}

absl::StatusOr<std::string> Child::ReadLine() {
  std::string line;
  for (int c = fgetc(answers_); c != EOF && c != '\n'; c = fgetc(answers_)) line += static_cast<char>(c);
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::AbortedError(HowItEnded());
  if (json.contains("error")) return absl::AbortedError(json["error"].get<std::string>());
  return line;
}

std::string Child::HowItEnded() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) return "its process is gone";
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    return absl::StrCat("ended by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")",
                        WTERMSIG(status) == SIGKILL ? ", perhaps for its memory" : "");
  }
  return absl::StrCat("ended with exit code ", WEXITSTATUS(status));
}

}  // namespace impasto::bench
