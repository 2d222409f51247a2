// The command line of `impasto stylize`, as it was typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/job_session.h"
#include "cli/server_flags.h"

namespace CLI {
class App;
}

namespace impasto::cli {

// What isn't given stays empty: the server's defaults are the server's.
struct StylizeFlags : OutputFlags, ServerFlags {
  std::string content;
  std::vector<std::string> styles;  // files, or styles/...

  std::optional<std::string> preset;
  std::optional<std::string> quality;  // draft, good, best
  std::optional<std::string> model;
  std::optional<int> iterations;
  std::optional<int> max_size;
  std::optional<int> style_size;
  std::optional<std::string> init;           // content, noise or a file
  std::optional<std::string> pooling;        // max, avg
  std::optional<std::string> normalization;  // mean, paper
  std::optional<double> content_weight;
  std::optional<double> style_weight;
  std::optional<double> tv_weight;
  std::optional<std::string> optimizer;  // adam, lbfgs
  std::optional<int> lbfgs_history;
  std::optional<double> learning_rate;
  std::optional<std::string> schedule;  // constant, cosine
  std::optional<int> pyramid;
  std::optional<int> stall_evaluations;
  std::optional<double> stall_improvement;
  std::vector<std::string> content_layers;  // NAME[=WEIGHT]
  std::vector<std::string> style_layers;
  std::vector<double> style_picture_weights;
  std::optional<uint64_t> seed;
  std::string recipe;  // a file

  std::optional<std::string> output_size;  // working, original
  std::optional<int> jpeg_quality;
  std::optional<int> preview_every;

  bool detach = false;
  bool estimate = false;
  std::optional<std::string> priority;  // interactive, normal, batch
  std::string name;
  std::string request_id;
};

// Defines the command's options; parsing fills `flags`, which has to outlive it.
void AddStylizeOptions(CLI::App* command, StylizeFlags* flags);

}  // namespace impasto::cli
