#include "engine/executors/cpu/cpu_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/executors/cpu/kernels/kernels.h"
#include "tests/server/engine/executors/cpu/targets.h"
#include "tests/server/engine/executors/executor_conformance.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

// One case for each set of vector instructions that this processor has.
std::vector<ExecutorCase> Cases() {
  std::vector<ExecutorCase> cases;
  for (const cpu::Target& target : cpu::RunnableTargets()) {
    cases.push_back({.name = target.name,
                     .make =
                         [target](const Graph& graph, Weights weights) {
                           cpu::ForceTarget(target);
                           return std::move(*MakeCpuExecutor(graph, std::move(weights), /*threads=*/2));
                         },
                     // Winograd's rounding, of some 5e-6 a layer.
                     .map_tolerance = 5e-5});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cpu, ExecutorConformance, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace impasto::engine
