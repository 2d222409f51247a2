// What every executor has to pass: each is instantiated in its own folder's test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "engine/executors/executor.h"

namespace impasto::engine {

struct ExecutorCase {
  std::string name;
  std::function<std::unique_ptr<const Executor>(const Graph&, Weights)> make;
  double map_tolerance = 1e-5;  // relative error of a map behind any number of layers
};

inline void PrintTo(const ExecutorCase& executor, std::ostream* out) { *out << executor.name; }

class ExecutorConformance : public ::testing::TestWithParam<ExecutorCase> {};

}  // namespace impasto::engine
