// Internal to this folder: a schedule with its buffers and weights, ready to run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/executors/cpu/convolution.h"
#include "engine/executors/cpu/cpu_executor.h"
#include "engine/executors/cpu/schedule.h"
#include "engine/executors/cpu/thread_pool.h"
#include "engine/executors/executor.h"

namespace impasto::engine::cpu {

// What a step multiplies with; the rest is null.
struct StepWeights {
  std::shared_ptr<const ConvolutionWeights> convolution;
  std::shared_ptr<const ScaleAndShift> affine;
};

// Bytes of the buffers of a plan for this schedule, or those of them that Forward and Gram write to where
// nothing is kept for Backward. `convolutions`: DescribeConvolution's, by step.
size_t PlanBytes(const Schedule& schedule, const std::vector<ConvolutionWeights>& convolutions, int threads,
                 bool keep_gradient);
// Those of a plan that MakePlan has made.
size_t PlanBytes(const Plan& plan);

// RESOURCE_EXHAUSTED where there is no memory for its buffers. `weights`: one for each step. `times`, null or
// of the plan's lifetime, gets the seconds of every step added.
absl::StatusOr<std::unique_ptr<Plan>> MakePlan(Schedule schedule, std::vector<std::string> taps,
                                               std::vector<StepWeights> weights,
                                               std::shared_ptr<ThreadPool> pool,
                                               std::vector<StepTime>* times);

}  // namespace impasto::engine::cpu
