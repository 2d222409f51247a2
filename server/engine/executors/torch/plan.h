// Internal to this folder: a plan on LibTorch's autograd.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/executors/executor.h"

namespace impasto::engine::torch_executor {

// Parameters of one layer on the device.
struct LayerTensors {
  at::Tensor kernel, bias;                 // convolution
  at::Tensor gamma, beta, mean, variance;  // batch norm
};

// What all plans of a model share. Immutable.
struct Shared {
  at::Device device{at::kCPU};
  at::MemoryFormat format = at::MemoryFormat::Contiguous;
  int threads = 1;
  bool tf32 = false;
  std::map<std::string, LayerTensors, std::less<>> layers;
};

// `graph` is pruned to the taps, and has weights for every node; `taps` are indices into its nodes, `shapes`
// those of its nodes.
std::unique_ptr<Plan> MakePlan(std::shared_ptr<const Shared> shared, Graph graph,
                               std::vector<std::string> taps, std::vector<TensorShape> shapes);

}  // namespace impasto::engine::torch_executor
