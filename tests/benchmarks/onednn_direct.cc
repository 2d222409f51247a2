#include "tests/benchmarks/onednn_direct.h"

#include <algorithm>
#include <cstring>
#include <dnnl.hpp>
#include <exception>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace impasto::bench {
namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;
using Tag = memory::format_tag;

struct Command {
  dnnl::primitive primitive;
  Arguments arguments;
};

// oneDNN's ISA levels are sets of bits: one holds all that it builds on.
bool HasAvx512() {
  constexpr auto kWide = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kWide) == kWide;
}

}  // namespace

struct OneDnnDirect::State {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  memory input, output, gradient, input_gradient;  // plain, over the caller's numbers
  std::vector<Command> commands;
  std::vector<memory> buffers;  // what gradients pass through
  std::string description;
  std::set<std::string> kernels;
  memory::dims input_shape, output_shape;

  static memory::desc Desc(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

  void Add(dnnl::primitive primitive, Arguments arguments) {
    commands.push_back({std::move(primitive), std::move(arguments)});
  }

  void AddReorder(const memory& from, const memory& to) {
    Add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  memory Reordered(const memory& from, const memory::desc& desc) {
    if (from.get_desc() == desc) return from;
    memory to(desc, engine);
    dnnl::reorder(from, to).execute(stream, const_cast<memory&>(from), to);
    stream.wait();
    return to;
  }

  absl::Status Note(const engine::Node& node, const char* kernel) {
    kernels.insert(kernel);
    if (!absl::StartsWith(kernel, "ref")) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("oneDNN has nothing but reference code (", kernel, ") for ", node.name));
  }

  absl::Status Build(const engine::Graph& graph, const engine::Weights& weights, int height, int width);
};

absl::Status OneDnnDirect::State::Build(const engine::Graph& graph, const engine::Weights& weights,
                                        int height, int width) {
  IMPASTO_ASSIGN_OR_RETURN(const std::vector<engine::TensorShape> shapes, graph.Shapes(height, width));
  const bool wide = HasAvx512();
  const Tag blocked = wide ? Tag::nChw16c : Tag::nChw8c;
  const memory::dims ones{1, 1}, twos{2, 2}, zeros{0, 0};

  const auto dims = [&](size_t i) {
    return memory::dims{1, shapes[i].channels, shapes[i].height, shapes[i].width};
  };
  input_shape = dims(0);
  output_shape = dims(shapes.size() - 1);
  input = memory(Desc(input_shape, Tag::nchw), engine, nullptr);
  input_gradient = memory(Desc(input_shape, Tag::nchw), engine, nullptr);
  output = memory(Desc(output_shape, Tag::nchw), engine, nullptr);
  gradient = memory(Desc(output_shape, Tag::nchw), engine, nullptr);

  std::vector<memory> maps{input};  // by node
  std::vector<Command> backward;    // in the order of the nodes: run from the last
  size_t largest = 0;
  for (size_t i = 1; i < shapes.size(); ++i) largest = std::max(largest, Desc(dims(i), blocked).get_size());
  // Gradients pass from one buffer to the other.
  const memory::desc bytes({static_cast<memory::dim>(largest / sizeof(float))}, memory::data_type::f32,
                           Tag::a);
  buffers = {memory(bytes, engine), memory(bytes, engine)};
  const auto passing = [&](const memory::desc& desc, size_t i) {
    return memory(desc, engine, buffers[i % 2].get_data_handle());
  };

  for (size_t i = 1; i < shapes.size(); ++i) {
    const engine::Node& node = graph.nodes()[i];
    if (node.inputs.size() != 1 || node.inputs[0] != static_cast<int>(i) - 1)
      return absl::InvalidArgumentError(absl::StrCat(graph.model(), " is no chain of layers"));
    const memory::desc out = Desc(dims(i), blocked);
    maps.emplace_back(out, engine);
    const memory diff_out = passing(out, i);
    const bool first = i == 1;
    if (node.op == engine::Op::kMaxPool && node.kernel == 2 && node.stride == 2) {
      const dnnl::pooling_forward::desc desc(dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max,
                                             maps[i - 1].get_desc(), out, twos, twos, zeros, zeros);
      const dnnl::pooling_forward::primitive_desc forward(desc, engine);
      IMPASTO_RETURN_IF_ERROR(Note(node, forward.impl_info_str()));
      const memory workspace(forward.workspace_desc(), engine);
      Add(dnnl::pooling_forward(forward),
          {{DNNL_ARG_SRC, maps[i - 1]}, {DNNL_ARG_DST, maps[i]}, {DNNL_ARG_WORKSPACE, workspace}});
      const dnnl::pooling_backward::desc back(dnnl::algorithm::pooling_max, maps[i - 1].get_desc(), out, twos,
                                              twos, zeros, zeros);
      const dnnl::pooling_backward::primitive_desc pd(back, engine, forward);
      IMPASTO_RETURN_IF_ERROR(Note(node, pd.impl_info_str()));
      backward.push_back({dnnl::pooling_backward(pd),
                          {{DNNL_ARG_DIFF_DST, diff_out},
                           {DNNL_ARG_DIFF_SRC, passing(maps[i - 1].get_desc(), i - 1)},
                           {DNNL_ARG_WORKSPACE, workspace}}});
      continue;
    }
    if (node.op != engine::Op::kConv2d || node.kernel != 3 || node.stride != 1 || node.padding != 1 ||
        !node.relu)
      return absl::InvalidArgumentError(
          absl::StrCat(node.name, " is neither a 3x3 convolution with ReLU nor a 2x2 max pool"));

    const auto layer = weights.layers.find(node.name);
    if (layer == weights.layers.end())
      return absl::FailedPreconditionError(absl::StrCat("the weights lack ", node.name));
    const memory::dims kernel_dims{shapes[i].channels, shapes[i - 1].channels, 3, 3};
    const memory kernel(Desc(kernel_dims, Tag::oihw), engine,
                        const_cast<float*>(layer->second.kernel.data()));
    const memory::desc bias_desc = Desc({shapes[i].channels}, Tag::x);
    memory bias(bias_desc, engine);
    std::memcpy(bias.get_data_handle(), layer->second.bias.data(), bias_desc.get_size());

    dnnl::primitive_attr attributes;
    dnnl::post_ops relu;
    relu.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(relu);
    const dnnl::convolution_forward::desc desc(dnnl::prop_kind::forward_inference,
                                               dnnl::algorithm::convolution_direct, maps[i - 1].get_desc(),
                                               Desc(kernel_dims, Tag::any), bias_desc, out, ones, ones, ones);
    const dnnl::convolution_forward::primitive_desc forward(desc, attributes, engine);
    IMPASTO_RETURN_IF_ERROR(Note(node, forward.impl_info_str()));
    Add(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, maps[i - 1]},
                                             {DNNL_ARG_WEIGHTS, Reordered(kernel, forward.weights_desc())},
                                             {DNNL_ARG_BIAS, bias},
                                             {DNNL_ARG_DST, maps[i]}});

    const memory::desc in_any = first ? Desc(dims(0), Tag::any) : maps[i - 1].get_desc();
    const dnnl::convolution_backward_data::desc back(dnnl::algorithm::convolution_direct, in_any,
                                                     Desc(kernel_dims, Tag::any), out, ones, ones, ones);
    const dnnl::convolution_backward_data::primitive_desc pd(back, engine, forward);
    IMPASTO_RETURN_IF_ERROR(Note(node, pd.impl_info_str()));
    const bool turned = first && pd.diff_src_desc() != input_gradient.get_desc();
    const memory diff_in = !first   ? passing(maps[i - 1].get_desc(), i - 1)
                           : turned ? memory(pd.diff_src_desc(), engine)
                                    : input_gradient;
    if (turned)
      backward.push_back({dnnl::reorder(diff_in, input_gradient),
                          {{DNNL_ARG_FROM, diff_in}, {DNNL_ARG_TO, input_gradient}}});
    backward.push_back({dnnl::convolution_backward_data(pd),
                        {{DNNL_ARG_DIFF_DST, diff_out},
                         {DNNL_ARG_WEIGHTS, Reordered(kernel, pd.weights_desc())},
                         {DNNL_ARG_DIFF_SRC, diff_in}}});
    // The ReLU's part, in place, from the layer's output: where that is 0, nothing goes back.
    const dnnl::eltwise_forward::desc relu_forward(dnnl::prop_kind::forward_training,
                                                   dnnl::algorithm::eltwise_relu_use_dst_for_bwd, out, 0.0f);
    const dnnl::eltwise_backward::desc relu_back(dnnl::algorithm::eltwise_relu_use_dst_for_bwd, out, out,
                                                 0.0f);
    const dnnl::eltwise_backward::primitive_desc relu_pd(
        relu_back, engine, dnnl::eltwise_forward::primitive_desc(relu_forward, engine));
    IMPASTO_RETURN_IF_ERROR(Note(node, relu_pd.impl_info_str()));
    backward.push_back(
        {dnnl::eltwise_backward(relu_pd),
         {{DNNL_ARG_DST, maps[i]}, {DNNL_ARG_DIFF_DST, diff_out}, {DNNL_ARG_DIFF_SRC, diff_out}}});
  }
  AddReorder(maps.back(), output);
  AddReorder(gradient, passing(maps.back().get_desc(), maps.size() - 1));
  for (size_t i = backward.size(); i-- > 0;) commands.push_back(std::move(backward[i]));

  const dnnl_version_t* version = dnnl::version();
  description = absl::StrCat("oneDNN ", version->major, ".", version->minor, ".", version->patch, ", ",
                             wide ? "nChw16c" : "nChw8c", ": ", absl::StrJoin(kernels, ", "));
  return absl::OkStatus();
}

OneDnnDirect::OneDnnDirect(std::unique_ptr<State> state) : state_(std::move(state)) {}
OneDnnDirect::~OneDnnDirect() = default;
const std::string& OneDnnDirect::description() const { return state_->description; }

absl::StatusOr<std::unique_ptr<OneDnnDirect>> OneDnnDirect::Create(const engine::Graph& graph,
                                                                   const engine::Weights& weights, int height,
                                                                   int width) {
  try {
    auto state = std::make_unique<State>();
    IMPASTO_RETURN_IF_ERROR(state->Build(graph, weights, height, width));
    return std::unique_ptr<OneDnnDirect>(new OneDnnDirect(std::move(state)));
  } catch (const std::exception& e) {
    return absl::FailedPreconditionError(absl::StrCat("oneDNN: ", e.what()));
  }
}

absl::Status OneDnnDirect::Run(absl::Span<const float> input, absl::Span<const float> gradient,
                               absl::Span<float> output, absl::Span<float> input_gradient) {
  const auto size = [](const memory::dims& dims) {
    size_t product = 1;
    for (const memory::dim dim : dims) product *= static_cast<size_t>(dim);
    return product;
  };
  if (input.size() != size(state_->input_shape) || input_gradient.size() != input.size() ||
      gradient.size() != size(state_->output_shape) || output.size() != gradient.size()) {
    return absl::InvalidArgumentError("a map is not of the plan's size");
  }
  try {
    state_->input.set_data_handle(const_cast<float*>(input.data()));
    state_->gradient.set_data_handle(const_cast<float*>(gradient.data()));
    state_->output.set_data_handle(output.data());
    state_->input_gradient.set_data_handle(input_gradient.data());
    for (const Command& command : state_->commands)
      command.primitive.execute(state_->stream, command.arguments);
    state_->stream.wait();
    return absl::OkStatus();
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("oneDNN: ", e.what()));
  }
}

}  // namespace impasto::bench
