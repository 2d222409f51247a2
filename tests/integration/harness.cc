#include "tests/integration/harness.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/nets/graph.h"
#include "imaging/picture.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::testing {
namespace {

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "impasto-test-XXXXXX").string();
  Require(mkdtemp(pattern.data()) != nullptr, "mkdtemp failed");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string WriteSmallModel(const std::string& dir, const std::string& model, WeightsFormat format,
                            const std::vector<std::string>& without) {
  constexpr int kDivisor = 16;
  const auto published = engine::MakeGraph(model);
  Require(published.ok(), published.status().ToString());
  const engine::Graph graph = SmallNet(*published, kDivisor);
  engine::Weights weights = SeededWeights(graph, /*seed=*/5);
  for (const std::string& layer : without)
    Require(weights.layers.erase(layer) == 1, layer + " is no layer with weights");
  const std::string path = absl::StrCat(dir, "/", model, FileExtension(format));
  const absl::Status written = WriteWeightsFile(path, format, graph, weights);
  Require(written.ok(), written.ToString());
  return path;
}

std::vector<std::string> ServerArguments(const std::string& weights_dir, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"--weights-dir", weights_dir, "--device", "cpu", "--threads", "1"};
  const auto unless_given = [&](const std::string& flag, const std::string& value) {
    if (std::find(more.begin(), more.end(), flag) == more.end()) {
      arguments.insert(arguments.end(), {flag, value});
    }
  };
  unless_given("--listen", "127.0.0.1:0");
  // Servers of several tests run at once, and none may find what another has left.
  unless_given("--state-dir", "none");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

RunningServer StartServer(const std::string& weights_dir, std::vector<std::string> more) {
  RunningServer server;
  auto process = ServerProcess::Start(IMPASTOD, ServerArguments(weights_dir, std::move(more)));
  Require(process.ok(), process.status().ToString());
  server.process = *std::move(process);
  const auto address = server.process->WaitForAddress();
  Require(address.ok(), address.status().ToString());
  const absl::Status serving = server.process->WaitForServing();
  Require(serving.ok(), serving.ToString());
  server.address = *address;
  server.channel = grpc::CreateChannel(server.address, grpc::InsecureChannelCredentials());
  server.stylization = v1::Stylization::NewStub(server.channel);
  server.models = v1::Models::NewStub(server.channel);
  server.styles = v1::Styles::NewStub(server.channel);
  return server;
}

Image Photograph(int width, int height) {
  Image image{width, height, {}};
  image.rgb.resize(3 * image.pixels());
  const size_t plane = image.pixels();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t i = static_cast<size_t>(y) * width + x;
      const bool inside = std::hypot(x - width * 0.5, y - height * 0.6) < 0.3 * height;
      image.rgb[i] = inside ? 200.0f : static_cast<float>(40 + 120 * y / height);
      image.rgb[plane + i] = inside ? 90.0f : static_cast<float>(80 + 100 * x / width);
      image.rgb[2 * plane + i] = inside ? 60.0f : 180.0f;
    }
  }
  return image;
}

Image Painting(int width, int height) {
  Image image{width, height, {}};
  image.rgb.resize(3 * image.pixels());
  std::mt19937 generator(7);
  const size_t plane = image.pixels();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t i = static_cast<size_t>(y) * width + x;
      const double wave = std::sin(0.5 * x + 2 * std::sin(0.2 * y));
      const int noise = static_cast<int>(generator() % 20);
      image.rgb[i] = static_cast<float>(120 + static_cast<int>(80 * wave) + noise);
      image.rgb[plane + i] = static_cast<float>(100 - static_cast<int>(60 * wave) + noise);
      image.rgb[2 * plane + i] = static_cast<float>(60 + noise);
    }
  }
  return image;
}

std::string Png(const Image& image) {
  const auto encoded = imaging::Encode(image, {.format = imaging::Format::kPng});
  Require(encoded.ok(), encoded.status().ToString());
  return encoded->data;
}

v1::StylizeRequest SmallRequest(int iterations) {
  v1::StylizeRequest request;
  request.mutable_content()->set_encoded(Png(Photograph(48, 40)));
  request.add_styles()->set_encoded(Png(Painting(40, 40)));
  request.mutable_recipe()->set_iterations(iterations);
  request.mutable_recipe()->set_stall_evaluations(0);  // all of them
  // The losses of a network of few channels are small beside the real one's; with this weight the picture
  // moves all the same.
  request.mutable_recipe()->set_style_weight(1e6);
  return request;
}

grpc::Status Upload(v1::Stylization::Stub& stub, const std::vector<v1::UploadPictureRequest>& parts,
                    v1::UploadPictureResponse* response) {
  grpc::ClientContext context;
  const auto writer = stub.UploadPicture(&context, response);
  for (const v1::UploadPictureRequest& part : parts) {
    if (!writer->Write(part)) break;
  }
  writer->WritesDone();
  return writer->Finish();
}

grpc::Status WatchHealth(grpc::Channel& channel, const std::string& service,
                         const std::function<bool(int)>& seen) {
  // Debian has no header for the health API's messages. Both have one field, number 1, and an Empty keeps
  // unknown fields.
  google::protobuf::Empty request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, service);
  grpc::ClientContext context;
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Watch",
                                         grpc::internal::RpcMethod::SERVER_STREAMING);
  const std::unique_ptr<grpc::ClientReader<google::protobuf::Empty>> reader(
      grpc::internal::ClientReaderFactory<google::protobuf::Empty>::Create(&channel, method, &context,
                                                                           request));
  google::protobuf::Empty response;
  while (reader->Read(&response)) {
    const auto& fields = response.GetReflection()->GetUnknownFields(response);
    const int state = fields.empty() ? 0 : static_cast<int>(fields.field(0).varint());
    if (seen(state)) {
      context.TryCancel();
      reader->Finish();
      return grpc::Status::OK;
    }
  }
  return reader->Finish();
}

}  // namespace impasto::testing
