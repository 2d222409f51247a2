// A case in a process of its own, so that its peak of memory is its own, stepped from outside, so that
// several can take turns.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/benchmarks/case.h"

namespace impasto::bench {

// What the child process does: makes the case's stepper, and a step for every line "step" on stdin; at
// stdin's end it says its peak of memory. Answers are lines of JSON on stdout. Returns the exit code.
int RunChild(const Case& c);

class Child {
 public:
  // Starts this very program again with "--child" and the case, and waits until it is ready, one step (the
  // one that finds its buffers) made. An error says what the child said, or what signal ended it.
  static absl::StatusOr<std::unique_ptr<Child>> Start(const Case& c);
  ~Child();  // ends it

  const std::string& description() const { return description_; }
  int64_t loaded_bytes() const { return loaded_bytes_; }
  double setup_seconds() const { return setup_seconds_; }  // weights, plans, targets and the first step

  // Makes one step: its seconds.
  absl::StatusOr<double> Step();
  // Ends the process: the most memory that it had, in bytes.
  absl::StatusOr<int64_t> Finish();

 private:
  Child() = default;
  friend absl::StatusOr<std::string> AnswerOfChild(const std::vector<std::string>& arguments, const Case& c);
  static absl::StatusOr<std::unique_ptr<Child>> Spawn(const std::vector<std::string>& arguments,
                                                      const Case& c);
  absl::StatusOr<std::string> ReadLine();
  std::string HowItEnded();

  pid_t pid_ = -1;
  int commands_ = -1;        // the child's stdin
  FILE* answers_ = nullptr;  // its stdout
  std::string description_;
  int64_t loaded_bytes_ = 0;
  double setup_seconds_ = 0;
};

// Starts this very program again with `arguments`, in the environment of the case, and waits for the one line
// of JSON that it writes before it ends. Errors as Child's.
absl::StatusOr<std::string> AnswerOfChild(const std::vector<std::string>& arguments, const Case& c);
// Write such a line, for the child process; they return its exit code.
int Answer(const nlohmann::json& json);
int AnswerError(const absl::Status& status);

// The case as one argument of a command line, and back.
std::string CaseArgument(const Case& c);
absl::StatusOr<Case> ParseCaseArgument(const std::string& text);

}  // namespace impasto::bench
