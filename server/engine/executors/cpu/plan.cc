#include "engine/executors/cpu/plan.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "engine/executors/cpu/buffer.h"
#include "engine/executors/cpu/gram.h"
#include "engine/executors/cpu/maps.h"
#include "engine/executors/cpu/placement.h"
#include "engine/executors/cpu/windows.h"

namespace impasto::engine::cpu {
namespace {

class BlockedMap final : public StoredMap {
 public:
  explicit BlockedMap(Buffer map) : map(std::move(map)) {}
  const Buffer map;
};

class CpuPlan final : public Plan {
 public:
  CpuPlan(Schedule schedule, std::vector<std::string> taps, std::vector<StepWeights> weights,
          std::shared_ptr<ThreadPool> pool, std::vector<StepTime>* times)
      : schedule_(std::move(schedule)),
        taps_(std::move(taps)),
        weights_(std::move(weights)),
        pool_(std::move(pool)),
        times_(times),
        remade_grams_(taps_.size()),
        tap_gradients_(taps_.size()),
        has_gradient_(schedule_.values.size()),
        masked_(schedule_.values.size()) {}

  bool Allocate();  // false: there is no memory
  size_t bytes() const { return (placement_.arena.size() + scratch_.size()) * sizeof(float); }

  const std::vector<std::string>& taps() const override { return taps_; }
  TensorShape tap_shape(int tap) const override { return schedule_.values[schedule_.taps[tap]].shape; }

  absl::Status Forward(absl::Span<const float> input, bool keep_gradient) override;
  absl::Status Gram(int tap, std::vector<float>* gram) override;
  absl::Status AddMatrixTimesMap(int tap, absl::Span<const float> matrix) override;
  absl::StatusOr<std::unique_ptr<StoredMap>> Store(int tap) override;
  absl::StatusOr<double> SquaredDistance(int tap, const StoredMap& stored) override;
  absl::Status AddDifference(int tap, const StoredMap& stored, double scale) override {
    tap_gradients_[tap].scale += scale;
    tap_gradients_[tap].minus.push_back({static_cast<const BlockedMap&>(stored).map.data(), scale});
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<float>> CopyTap(int tap) override;
  absl::Status AddGradient(int tap, absl::Span<const float> gradient) override;
  absl::Status Backward(absl::Span<float> input_gradient) override;

 private:
  const Value& value(int v) const { return schedule_.values[v]; }
  MapView Map(int v) const { return {placement_.places[v].map, value(v).shape}; }
  MapView Gradient(int v) const { return {placement_.places[v].gradient, value(v).shape}; }
  // The map of a tap; one that isn't kept is made again, into `*made`. RESOURCE_EXHAUSTED where there is no
  // memory.
  absl::StatusOr<MapView> TapMap(int tap, Buffer* made);
  void Remake(int v, const MapView& to);

  Epilogue ForwardEpilogue(int s, bool keep_gradient) const;
  // For what step `s` adds to v's gradient: to what is there already, and with the ReLU's zeros if it is the
  // last.
  Epilogue GradientEpilogue(int v, int s);
  void RunForward(int s, const float* picture, bool keep_gradient);
  void RunBackward(int s, float* picture_gradient);
  // What the losses ask for at a tap, over its map.
  void MakeTapGradient(size_t tap);
  // Step `s` from one map to another, in either direction; but for what its pool remembers.
  WinogradPass Winograd(int s, const MapView& from, const MapView& to, const Epilogue& epilogue) const;

  const Schedule schedule_;
  const std::vector<std::string> taps_;
  const std::vector<StepWeights> weights_;
  const std::shared_ptr<ThreadPool> pool_;
  std::vector<StepTime>* const times_;
  Placement placement_;
  Buffer scratch_;
  std::vector<std::vector<float>> remade_grams_;  // by tap: taken in Forward, while the map was there
  std::vector<TapGradient> tap_gradients_;
  std::vector<bool> has_gradient_, masked_;
  bool may_go_back_ = false;  // Forward kept what Backward needs
};

// Of Forward, Gram and, where wanted, Backward, whichever needs most. convolution(s): step s's.
template <typename ConvolutionOf>
size_t ScratchFloats(const Schedule& schedule, const ConvolutionOf& convolution, int threads, bool backward) {
  size_t most = 0;
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    const Step& step = schedule.steps[s];
    const TensorShape &in = schedule.values[step.in].shape, &out = schedule.values[step.out].shape;
    if (step.kind == StepKind::kWinograd) {
      const WinogradWeights& weights = convolution(s).winograd;
      most = std::max(most, WinogradScratch(weights, /*backward=*/false, in.height, in.width, threads));
      if (backward) most = std::max(most, WinogradScratch(weights, true, in.height, in.width, threads));
    } else if (step.kind == StepKind::kWindows) {
      most = std::max(most, WindowsScratch(step, convolution(s), in, out, threads));
    }
  }
  for (const int v : schedule.taps) {
    const Value& value = schedule.values[v];
    most = std::max(most, GramScratch(value.shape));
    if (backward) most = std::max(most, TapGradientScratch(value.shape, kStrip, threads));
    if (!backward || !value.remade) continue;
    const PlanarRows rows(schedule.steps[value.producer], convolution(value.producer),
                          schedule.values[0].shape);
    most = std::max(most,
                    TapGradientScratch(value.shape, value.shape.width, threads) + rows.scratch() * threads);
  }
  return most;
}

bool CpuPlan::Allocate() {
  placement_ = PlaceBuffers(schedule_);
  const auto convolution = [this](size_t s) -> const auto& { return *weights_[s].convolution; };
  scratch_ = Buffer(ScratchFloats(schedule_, convolution, pool_->threads(), /*backward=*/true));
  return placement_.arena.data() != nullptr && scratch_.data() != nullptr;
}

Epilogue CpuPlan::ForwardEpilogue(int s, bool keep_gradient) const {
  const Step& step = schedule_.steps[s];
  const ConvolutionWeights* convolution = weights_[s].convolution.get();
  return {.bias = convolution == nullptr ? nullptr : convolution->bias.data(),
          .add = step.add < 0 ? nullptr : Map(step.add).data,
          .relu = step.relu,
          .positive = keep_gradient ? placement_.places[step.out].positive : nullptr,
          .bits_stride = value(step.out).shape.positions()};
}

Epilogue CpuPlan::GradientEpilogue(int v, int s) {
  Epilogue epilogue{.bits_stride = value(v).shape.positions()};
  if (has_gradient_[v]) epilogue.add = Gradient(v).data;
  has_gradient_[v] = true;
  if (value(v).relu && schedule_.IsLastContributor(v, s)) {
    epilogue.keep = placement_.places[v].positive;
    masked_[v] = true;
  }
  return epilogue;
}

WinogradPass CpuPlan::Winograd(int s, const MapView& from, const MapView& to,
                               const Epilogue& epilogue) const {
  const TensorShape& shape = value(schedule_.steps[s].in).shape;
  return {.weights = &weights_[s].convolution->winograd,
          .height = shape.height,
          .width = shape.width,
          .source = {.block = from.data, .height = shape.height, .width = shape.width},
          .source_stride = from.stride(),
          .sink = {.block = to.data, .height = shape.height, .width = shape.width, .epilogue = epilogue},
          .sink_stride = to.stride()};
}

void CpuPlan::RunForward(int s, const float* picture, bool keep_gradient) {
  const Step& step = schedule_.steps[s];
  const StepWeights& weights = weights_[s];
  const MapView in = Map(step.in), out = Map(step.out);
  const Epilogue epilogue = ForwardEpilogue(s, keep_gradient);
  switch (step.kind) {
    case StepKind::kBlocked:
      ToBlocked(picture, out, *pool_);
      break;
    case StepKind::kWinograd: {
      WinogradPass pass = Winograd(s, in, out, epilogue);
      if (step.pool) {
        pass.sink.pool = true;
        pass.sink.choice = keep_gradient ? placement_.choices[s].bits : nullptr;
        pass.sink.choice_stride = out.shape.positions();
        pass.sink_choice_stride = 2 * out.shape.positions();
      }
      RunWinograd(pass, *pool_, scratch_.data());
      break;
    }
    case StepKind::kPointwise:
      Pointwise(in, weights.convolution->forward.data(), out, epilogue, *pool_);
      break;
    case StepKind::kWindows:
      Windows(step, *weights.convolution, picture, in, out, epilogue, *pool_, scratch_.data());
      break;
    case StepKind::kAffine:
      ScaleShift(in, weights.affine->scale.data(), weights.affine->shift.data(), out, epilogue, *pool_);
      break;
    case StepKind::kCopy:
    case StepKind::kAdd:
      Copy(in.data, 1, out, epilogue, *pool_);
      break;
    case StepKind::kPad:
      Pad(in, step.padding, out, epilogue, *pool_);
      break;
    case StepKind::kMaxPool:
      MaxPool(in, step.kernel, step.stride, step.padding, out,
              keep_gradient ? placement_.choices[s].windows : nullptr, *pool_);
      break;
    case StepKind::kAveragePool:
      AveragePool(in, step.kernel, step.stride, out, *pool_);
      break;
  }
}

void CpuPlan::RunBackward(int s, float* picture_gradient) {
  const Step& step = schedule_.steps[s];
  const StepWeights& weights = weights_[s];
  const MapView from = Gradient(step.out);
  // What is added in several sums shares the gradient of the last of them alone.
  if (step.add >= 0 && schedule_.SharesGradient(step.add) && value(step.add).readers.back() == s) {
    has_gradient_[step.add] = true;
  } else if (step.add >= 0) {
    Copy(from.data, 1, Gradient(step.add), GradientEpilogue(step.add, s), *pool_);
  }
  if (step.in == 0) {
    if (step.kind == StepKind::kBlocked) {
      FromBlocked(from, picture_gradient, /*add=*/true, *pool_);
    } else {
      WindowsGradient(step, *weights.convolution, from, picture_gradient, Map(0), {}, *pool_,
                      scratch_.data());
    }
    return;
  }
  const MapView to = Gradient(step.in);
  const Epilogue epilogue = GradientEpilogue(step.in, s);
  switch (step.kind) {
    case StepKind::kBlocked:
      break;
    case StepKind::kWinograd: {
      WinogradPass pass = Winograd(s, from, to, epilogue);
      pass.backward = true;
      if (step.pool) {
        pass.source.choice = placement_.choices[s].bits;
        pass.source.choice_stride = from.shape.positions();
        pass.source_choice_stride = 2 * from.shape.positions();
      }
      RunWinograd(pass, *pool_, scratch_.data());
      break;
    }
    case StepKind::kPointwise:
      Pointwise(from, weights.convolution->backward.data(), to, epilogue, *pool_);
      break;
    case StepKind::kWindows:
      WindowsGradient(step, *weights.convolution, from, nullptr, to, epilogue, *pool_, scratch_.data());
      break;
    case StepKind::kAffine:
      ScaleShift(from, weights.affine->scale.data(), nullptr, to, epilogue, *pool_);
      break;
    case StepKind::kCopy:
    case StepKind::kAdd:
      Copy(from.data, 1, to, epilogue, *pool_);
      break;
    case StepKind::kPad:
      Crop(from, step.padding, to, epilogue, *pool_);
      break;
    case StepKind::kMaxPool:
      MaxPoolGradient(from, placement_.choices[s].windows, step.kernel, step.stride, step.padding, to,
                      epilogue, *pool_);
      break;
    case StepKind::kAveragePool:
      AveragePoolGradient(from, step.kernel, step.stride, to, epilogue, *pool_);
      break;
  }
}

// Adds the seconds from its making to its end to `to`, if there is one.
class Stopwatch {
 public:
  explicit Stopwatch(double* to) : to_(to) {
    if (to_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  ~Stopwatch() {
    if (to_ != nullptr)
      *to_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double* const to_;
  std::chrono::steady_clock::time_point start_;
};

absl::Status CpuPlan::Forward(absl::Span<const float> input, bool keep_gradient) {
  if (input.size() != value(0).shape.elements())
    return absl::InternalError("the input is not of the plan's size");
  for (TapGradient& gradient : tap_gradients_) gradient.Clear();
  if (placement_.picture != nullptr) std::copy(input.begin(), input.end(), placement_.picture);
  for (size_t s = 0; s < schedule_.steps.size(); ++s) {
    const Stopwatch stopwatch(times_ == nullptr ? nullptr : &(*times_)[s].forward_seconds);
    RunForward(static_cast<int>(s), input.data(), keep_gradient);
    for (size_t tap = 0; tap < taps_.size(); ++tap) {
      const int v = schedule_.taps[tap];
      if (v == schedule_.steps[s].out && value(v).remade)
        cpu::Gram(Map(v), &remade_grams_[tap], *pool_, scratch_.data());
    }
  }
  may_go_back_ = keep_gradient;
  return absl::OkStatus();
}

void CpuPlan::Remake(int v, const MapView& to) {
  const int s = value(v).producer;
  Windows(schedule_.steps[s], *weights_[s].convolution, placement_.picture, Map(0), to,
          ForwardEpilogue(s, /*keep_gradient=*/false), *pool_, scratch_.data());
}

absl::StatusOr<MapView> CpuPlan::TapMap(int tap, Buffer* made) {
  const int v = schedule_.taps[tap];
  if (!value(v).remade) return Map(v);
  *made = Buffer(BlockedFloats(value(v).shape));
  if (made->data() == nullptr) return absl::ResourceExhaustedError("no memory left for a tap's map");
  const MapView map{made->data(), value(v).shape};
  Remake(v, map);
  return map;
}

absl::Status CpuPlan::Gram(int tap, std::vector<float>* gram) {
  const int v = schedule_.taps[tap];
  if (value(v).remade) {
    *gram = remade_grams_[tap];
  } else {
    cpu::Gram(Map(v), gram, *pool_, scratch_.data());
  }
  return absl::OkStatus();
}

absl::StatusOr<double> CpuPlan::SquaredDistance(int tap, const StoredMap& stored) {
  Buffer made;
  IMPASTO_ASSIGN_OR_RETURN(const MapView map, TapMap(tap, &made));
  return Distance(map, static_cast<const BlockedMap&>(stored).map.data(), *pool_);
}

absl::Status CpuPlan::AddMatrixTimesMap(int tap, absl::Span<const float> matrix) {
  const int channels = tap_shape(tap).channels;
  if (matrix.size() != static_cast<size_t>(channels) * static_cast<size_t>(channels))
    return absl::InternalError("the matrix is not of the tap's size");
  AddMatrix(matrix, channels, &tap_gradients_[tap], *pool_);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<StoredMap>> CpuPlan::Store(int tap) {
  Buffer copy;
  IMPASTO_ASSIGN_OR_RETURN(const MapView map, TapMap(tap, &copy));
  if (copy.data() == nullptr) {
    copy = Buffer(map.floats());
    if (copy.data() == nullptr) return absl::ResourceExhaustedError("no memory left for a target map");
    Copy(map.data, 1, {copy.data(), map.shape}, {}, *pool_);
  }
  return std::make_unique<BlockedMap>(std::move(copy));
}

absl::StatusOr<std::vector<float>> CpuPlan::CopyTap(int tap) {
  Buffer made;
  IMPASTO_ASSIGN_OR_RETURN(const MapView map, TapMap(tap, &made));
  std::vector<float> out(tap_shape(tap).elements());
  FromBlocked(map, out.data(), /*add=*/false, *pool_);
  return out;
}

absl::Status CpuPlan::AddGradient(int tap, absl::Span<const float> gradient) {
  const TensorShape shape = tap_shape(tap);
  if (gradient.size() != shape.elements())
    return absl::InternalError("the gradient is not of the tap's size");
  Buffer blocked(BlockedFloats(shape));
  if (blocked.data() == nullptr) return absl::ResourceExhaustedError("no memory left for a gradient");
  ToBlocked(gradient.data(), {blocked.data(), shape}, *pool_);
  tap_gradients_[tap].plus.push_back(std::move(blocked));
  return absl::OkStatus();
}

void CpuPlan::MakeTapGradient(size_t tap) {
  if (tap_gradients_[tap].empty()) return;
  const int v = schedule_.taps[tap];
  const Stopwatch stopwatch(times_ == nullptr ? nullptr : &(*times_)[value(v).producer].backward_seconds);
  TapGradient& gradient = tap_gradients_[tap];
  if (value(v).remade && gradient.has_matrix) {
    // A row of the map at a time, which is multiplied before it leaves the cache.
    const int s = value(v).producer;
    const PlanarRows rows(schedule_.steps[s], *weights_[s].convolution, value(0).shape);
    const int columns = value(v).shape.width;
    const Epilogue epilogue = ForwardEpilogue(s, /*keep_gradient=*/false);
    float* padded = scratch_.data() + TapGradientScratch(value(v).shape, columns, pool_->threads());
    auto read = [&](int first, int, int thread, float* to) {
      rows.Make(placement_.picture, first / columns, columns, to, static_cast<size_t>(columns) * kBlock,
                epilogue, padded + rows.scratch() * thread);
    };
    ReplaceByGradient(Gradient(v), columns, read, &gradient, *pool_, scratch_.data());
  } else {
    if (value(v).remade) Remake(v, Gradient(v));
    ReplaceByGradient(Gradient(v), &gradient, *pool_, scratch_.data());
  }
  has_gradient_[v] = true;
}

absl::Status CpuPlan::Backward(absl::Span<float> input_gradient) {
  if (input_gradient.size() != value(0).shape.elements())
    return absl::InternalError("the gradient is not of the plan's size");
  if (!may_go_back_) return absl::InternalError("Backward without a Forward that keeps what it needs");
  may_go_back_ = false;
  std::fill(input_gradient.begin(), input_gradient.end(), 0.0f);
  std::fill(has_gradient_.begin(), has_gradient_.end(), false);
  std::fill(masked_.begin(), masked_.end(), false);
  for (size_t tap = 0; tap < taps_.size(); ++tap) {
    if (!value(schedule_.taps[tap]).remade) MakeTapGradient(tap);
  }
  for (size_t s = schedule_.steps.size(); s-- > 0;) {
    // Before the first that adds to it, and not sooner: its place is another's until then.
    for (size_t tap = 0; tap < taps_.size(); ++tap) {
      const Value& tapped = value(schedule_.taps[tap]);
      if (tapped.remade && tapped.readers.back() == static_cast<int>(s)) MakeTapGradient(tap);
    }
    const int v = schedule_.steps[s].out;
    if (!has_gradient_[v]) continue;
    const Stopwatch stopwatch(times_ == nullptr ? nullptr : &(*times_)[s].backward_seconds);
    if (value(v).relu && !masked_[v]) {
      Copy(Gradient(v).data, 1, Gradient(v),
           {.keep = placement_.places[v].positive, .bits_stride = value(v).shape.positions()}, *pool_);
    }
    RunBackward(static_cast<int>(s), input_gradient.data());
  }
  return absl::OkStatus();
}

}  // namespace

size_t PlanBytes(const Schedule& schedule, const std::vector<ConvolutionWeights>& convolutions, int threads,
                 bool keep_gradient) {
  const Layout layout = LayOut(schedule);
  const auto convolution = [&](size_t s) -> const auto& { return convolutions[s]; };
  return (keep_gradient ? layout.bytes : layout.forward_bytes) +
         ScratchFloats(schedule, convolution, threads, keep_gradient) * sizeof(float);
}

size_t PlanBytes(const Plan& plan) { return static_cast<const CpuPlan&>(plan).bytes(); }

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(Schedule schedule, std::vector<std::string> taps,
                                               std::vector<StepWeights> weights,
                                               std::shared_ptr<ThreadPool> pool,
                                               std::vector<StepTime>* times) {
  auto plan = std::make_unique<CpuPlan>(std::move(schedule), std::move(taps), std::move(weights),
                                        std::move(pool), times);
  if (!plan->Allocate()) return absl::ResourceExhaustedError("no memory left for a picture of this size");
  return plan;
}

}  // namespace impasto::engine::cpu
