// What every executor has to pass: each is instantiated in its own folder's test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/executors/executor.h"

namespace impasto::engine {

struct ExecutorCase {
  std::string name;
  std::function<std::unique_ptr<const Executor>(const Graph&, Weights)> make;
};

class ExecutorConformance : public ::testing::TestWithParam<ExecutorCase> {};

}  // namespace impasto::engine
