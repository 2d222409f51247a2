#include "engine/executors/torch/plan.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"

namespace impasto::engine::torch_executor {
namespace {

class TorchMap final : public StoredMap {
 public:
  explicit TorchMap(at::Tensor map) : map(std::move(map)) {}
  const at::Tensor map;
};

// LibTorch reports by exceptions; none may leave this folder.
template <typename F>
absl::Status Guard(F&& body) {
  try {
    body();
    return absl::OkStatus();
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    if (what.find("out of memory") != std::string::npos ||
        what.find("can't allocate memory") != std::string::npos ||
        what.find("not enough memory") != std::string::npos) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the device has no memory left for this picture: ", what));
    }
    return absl::InternalError(what);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("no memory left for this picture");
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

class TorchPlan final : public Plan {
 public:
  TorchPlan(std::shared_ptr<const Shared> shared, Graph graph, std::vector<std::string> taps,
            std::vector<TensorShape> shapes)
      : shared_(std::move(shared)),
        graph_(std::move(graph)),
        taps_(std::move(taps)),
        shapes_(std::move(shapes)) {
    const std::vector<Node>& nodes = graph_.nodes();
    tapped_.resize(nodes.size(), false);
    for (const std::string& tap : taps_) {
      nodes_of_taps_.push_back(graph_.Find(tap));
      tapped_[nodes_of_taps_.back()] = true;
    }
    last_use_.resize(nodes.size(), -1);
    uses_.resize(nodes.size(), 0);
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const int input : nodes[i].inputs) {
        last_use_[input] = static_cast<int>(i);
        ++uses_[input];
      }
    }
    maps_.resize(taps_.size());
    gradients_.resize(taps_.size());
  }

  const std::vector<std::string>& taps() const override { return taps_; }
  TensorShape tap_shape(int tap) const override { return shapes_[nodes_of_taps_[tap]]; }

  absl::Status Forward(absl::Span<const float> input, bool keep_gradient) override {
    const TensorShape& shape = shapes_[0];
    if (input.size() != shape.elements()) return absl::InternalError("the input is not of the plan's size");
    for (at::Tensor& gradient : gradients_) gradient.reset();
    for (at::Tensor& map : maps_) map.reset();
    return Guard([&] {
      at::AutoGradMode grad_mode(keep_gradient);
      // The clone owns its numbers: autograd may read them until Backward.
      input_ = at::from_blob(const_cast<float*>(input.data()), {1, 3, shape.height, shape.width}, at::kFloat)
                   .to(shared_->device, at::kFloat, /*non_blocking=*/false, /*copy=*/true)
                   .contiguous(shared_->format);
      input_.set_requires_grad(keep_gradient);
      Run();
    });
  }

  absl::Status Gram(int tap, std::vector<float>* gram) override {
    const TensorShape shape = tap_shape(tap);
    gram->resize(static_cast<size_t>(shape.channels) * shape.channels);
    return Guard([&] {
      at::NoGradGuard no_grad;
      const at::Tensor x = Positions(tap);
      const at::Tensor g =
          at::matmul(x.t(), x).div_(static_cast<double>(shape.positions())).to(at::kCPU).contiguous();
      std::memcpy(gram->data(), g.data_ptr<float>(), gram->size() * sizeof(float));
    });
  }

  absl::Status AddMatrixTimesMap(int tap, absl::Span<const float> matrix) override {
    const int64_t n = tap_shape(tap).channels;
    if (matrix.size() != static_cast<size_t>(n * n))
      return absl::InternalError("the matrix is not of the tap's size");
    return Guard([&] {
      at::NoGradGuard no_grad;
      const at::Tensor d =
          at::from_blob(const_cast<float*>(matrix.data()), {n, n}, at::kFloat).to(shared_->device);
      // (D F)^T = F^T D, for D is symmetric.
      Accumulate(tap, FromPositions(tap, at::matmul(Positions(tap), d)));
    });
  }

  absl::StatusOr<std::unique_ptr<StoredMap>> Store(int tap) override {
    std::unique_ptr<StoredMap> stored;
    const absl::Status status =
        Guard([&] { stored = std::make_unique<TorchMap>(maps_[tap].detach().clone()); });
    if (!status.ok()) return status;
    return stored;
  }

  absl::StatusOr<double> SquaredDistance(int tap, const StoredMap& stored) override {
    double sum = 0;
    const absl::Status status = Guard([&] {
      at::NoGradGuard no_grad;
      // Torch sums float32 pairwise within a channel; the few channel sums are added in double.
      const at::Tensor difference = maps_[tap].detach() - static_cast<const TorchMap&>(stored).map;
      sum = difference.square_().sum({0, 2, 3}).to(at::kDouble).sum().item<double>();
    });
    if (!status.ok()) return status;
    return sum;
  }

  absl::Status AddDifference(int tap, const StoredMap& stored, double scale) override {
    return Guard([&] {
      at::NoGradGuard no_grad;
      Accumulate(tap, (maps_[tap].detach() - static_cast<const TorchMap&>(stored).map).mul_(scale));
    });
  }

  absl::StatusOr<std::vector<float>> CopyTap(int tap) override {
    std::vector<float> out(tap_shape(tap).elements());
    const absl::Status status = Guard([&] {
      const at::Tensor map = maps_[tap].detach().to(at::kCPU).contiguous();
      std::memcpy(out.data(), map.data_ptr<float>(), out.size() * sizeof(float));
    });
    if (!status.ok()) return status;
    return out;
  }

  absl::Status AddGradient(int tap, absl::Span<const float> gradient) override {
    const TensorShape shape = tap_shape(tap);
    if (gradient.size() != shape.elements())
      return absl::InternalError("the gradient is not of the tap's size");
    return Guard([&] {
      at::NoGradGuard no_grad;
      const at::Tensor g = at::from_blob(const_cast<float*>(gradient.data()),
                                         {1, shape.channels, shape.height, shape.width}, at::kFloat);
      Accumulate(tap, g.to(shared_->device, at::kFloat, false, /*copy=*/true).contiguous(shared_->format));
    });
  }

  absl::Status Backward(absl::Span<float> input_gradient) override {
    if (input_gradient.size() != shapes_[0].elements())
      return absl::InternalError("the gradient is not of the plan's size");
    return Guard([&] {
      torch::autograd::variable_list outputs, gradients;
      for (size_t tap = 0; tap < maps_.size(); ++tap) {
        if (!gradients_[tap].defined()) continue;
        outputs.push_back(maps_[tap]);
        gradients.push_back(gradients_[tap]);
      }
      if (outputs.empty()) {
        std::fill(input_gradient.begin(), input_gradient.end(), 0.0f);
      } else {
        const at::Tensor g = torch::autograd::grad(outputs, {input_}, gradients)[0].to(at::kCPU).contiguous();
        std::memcpy(input_gradient.data(), g.data_ptr<float>(), input_gradient.size() * sizeof(float));
      }
      // The next Forward would free all this anyway; until then it would be held beside the optimiser's
      // needs.
      for (at::Tensor& map : maps_) map = map.detach();
      for (at::Tensor& gradient : gradients_) gradient.reset();
      input_.reset();
    });
  }

 private:
  // The tap's map as a positions x channels matrix; a view where the format is channels_last.
  at::Tensor Positions(int tap) const {
    const TensorShape shape = tap_shape(tap);
    const at::Tensor map = maps_[tap].detach();
    if (map.is_contiguous(at::MemoryFormat::Contiguous)) {
      return map.view({shape.channels, static_cast<int64_t>(shape.positions())}).t();
    }
    return map.permute({0, 2, 3, 1}).reshape({static_cast<int64_t>(shape.positions()), shape.channels});
  }

  at::Tensor FromPositions(int tap, const at::Tensor& matrix) const {
    const TensorShape shape = tap_shape(tap);
    return matrix.view({1, shape.height, shape.width, shape.channels})
        .permute({0, 3, 1, 2})
        .contiguous(shared_->format);
  }

  void Accumulate(int tap, at::Tensor gradient) {
    if (gradients_[tap].defined()) {
      gradients_[tap].add_(gradient);
    } else {
      gradients_[tap] = std::move(gradient);
    }
  }

  // May the ReLU of node i overwrite its input? Not where that is a tap, has another reader, or is the
  // picture itself.
  bool MayOverwriteInput(const Node& node) const {
    const int input = node.inputs[0];
    return !tapped_[input] && uses_[input] == 1 && graph_.nodes()[input].op != Op::kInput;
  }

  at::Tensor Apply(const Node& node, const std::vector<at::Tensor>& values) {
    const at::Tensor& x = values[node.inputs[0]];
    const auto layer = shared_->layers.find(node.name);
    switch (node.op) {
      case Op::kConv2d: {
        at::Tensor y = at::conv2d(x, layer->second.kernel, layer->second.bias, node.stride, node.padding);
        // The convolution's backward doesn't read its output: the ReLU inside the layer can take its place.
        return node.relu ? y.relu_() : y;
      }
      case Op::kBatchNorm:
        return at::batch_norm(x, layer->second.gamma, layer->second.beta, layer->second.mean,
                              layer->second.variance,
                              /*training=*/false, /*momentum=*/0.0, node.epsilon, /*cudnn_enabled=*/true);
      case Op::kRelu:
        // A batch norm's or a sum's backward doesn't read its output either.
        return MayOverwriteInput(node) ? at::Tensor(x).relu_() : at::relu(x);
      case Op::kZeroPad:
        return at::constant_pad_nd(x, {node.padding, node.padding, node.padding, node.padding});
      case Op::kMaxPool:
        return at::max_pool2d(x, node.kernel, node.stride);
      case Op::kAveragePool:
        return at::avg_pool2d(x, node.kernel, node.stride);
      case Op::kAdd:
        return x + values[node.inputs[1]];
      case Op::kInput:
        break;
    }
    return x;
  }

  void Run() {
    const std::vector<Node>& nodes = graph_.nodes();
    std::vector<at::Tensor> values(nodes.size());
    values[0] = input_;
    for (size_t i = 1; i < nodes.size(); ++i) {
      values[i] = Apply(nodes[i], values);
      for (const int input : nodes[i].inputs) {
        if (last_use_[input] == static_cast<int>(i) && !tapped_[input]) values[input].reset();
      }
    }
    for (size_t tap = 0; tap < taps_.size(); ++tap) maps_[tap] = values[nodes_of_taps_[tap]];
  }

  const std::shared_ptr<const Shared> shared_;
  const Graph graph_;
  const std::vector<std::string> taps_;
  const std::vector<TensorShape> shapes_;
  std::vector<int> nodes_of_taps_;
  std::vector<bool> tapped_;   // by node
  std::vector<int> last_use_;  // by node: the last node that reads it
  std::vector<int> uses_;      // by node: how many read it
  at::Tensor input_;
  std::vector<at::Tensor> maps_;       // by tap
  std::vector<at::Tensor> gradients_;  // by tap; undefined: zero
};

}  // namespace

std::unique_ptr<Plan> MakePlan(std::shared_ptr<const Shared> shared, Graph graph,
                               std::vector<std::string> taps, std::vector<TensorShape> shapes) {
  return std::make_unique<TorchPlan>(std::move(shared), std::move(graph), std::move(taps), std::move(shapes));
}

}  // namespace impasto::engine::torch_executor
