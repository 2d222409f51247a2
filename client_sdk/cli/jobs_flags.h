// The command lines of `impasto jobs`, as they were typed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/job_session.h"
#include "cli/server_flags.h"

namespace CLI {
class App;
}

namespace impasto::cli {

// What isn't given isn't changed.
struct JobUpdateFlags {
  std::optional<double> content_weight;
  std::optional<double> style_weight;
  std::optional<double> tv_weight;
  std::optional<double> learning_rate;
  std::optional<int> iterations;
  std::vector<std::string> content_layers;  // NAME=WEIGHT
  std::vector<std::string> style_layers;
  std::vector<double> style_picture_weights;
  std::optional<int> preview_every;
  std::optional<std::string> priority;
  std::optional<std::string> name;
  bool detach = false;
  bool attach = false;
};

struct JobsFlags : OutputFlags, ServerFlags {
  std::string command;            // list, show, ...
  std::vector<std::string> jobs;  // as FindJob() takes them
  std::string filter;
  std::string order;
  bool all = false;
  bool json = false;
  bool force = false;
  bool wait_for_end = false;
  JobUpdateFlags update;
};

// Defines `jobs` and what is below it; parsing fills `flags`, which has to outlive it.
CLI::App* AddJobsCommands(CLI::App* app, JobsFlags* flags);

}  // namespace impasto::cli
