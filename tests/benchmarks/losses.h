// `impasto-bench --losses`: how long each optimiser takes to the losses that the reference recipe reaches.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/recipe.h"

namespace impasto::bench {

struct LossesOptions {
  std::string model = "vgg19";
  std::string weights;  // a folder or a file: real ones, for random weights have other losses
  std::string content;  // picture files
  std::string style;
  int size = 512;  // long side, pixels
  std::vector<int> targets = {100, 300,
                              1000};  // steps of the reference recipe whose losses are to be reached
  std::vector<std::string> methods;   // empty: DefaultMethods()
  std::string executor = "auto";
  int threads = 0;
  std::string json_file;  // empty: none
};

// A method is "NAME" or "NAME:key=value,key=value": what it changes in the reference recipe. Keys: optimizer
// (adam, lbfgs), schedule (constant, cosine), learning_rate, beta1, beta2, epsilon, lbfgs_history,
// iterations, pyramid_levels. INVALID_ARGUMENT, naming the key.
struct Method {
  std::string name;
  engine::Recipe recipe;
};
absl::StatusOr<Method> ParseMethod(const std::string& text, const engine::Recipe& reference);
const std::vector<std::string>& DefaultMethods();

// What a run showed at one evaluation.
struct Point {
  int steps = 0;       // that made the picture
  double seconds = 0;  // since the run was begun, its preparation among them
  double loss = 0;     // the lowest so far
};
// The first point whose loss is at most `loss`, or null.
const Point* FirstAt(const std::vector<Point>& curve, double loss);
// The lowest loss after `steps` steps, or after the last one before.
double LossAfter(const std::vector<Point>& curve, int steps);

// Runs the reference recipe for as many steps as the largest target, then every method until it is there or
// at its end, one after another, on the same pictures. Prints a table. INVALID_ARGUMENT: a method; else as
// reading weights and pictures.
absl::Status RunLosses(const LossesOptions& options);

}  // namespace impasto::bench
