// What the integration tests share: a running impastod with small networks, and pictures.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/image.h"
#include "impasto/v1/models.grpc.pb.h"
#include "impasto/v1/styles.grpc.pb.h"
#include "impasto/v1/stylization.grpc.pb.h"
#include "tests/integration/job_stream.h"
#include "tests/testing/server_process.h"
#include "tests/testing/weights_files.h"

namespace impasto::testing {

// A folder of its own, gone with all that it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return absl::StrCat(path_, "/", name); }

 private:
  std::string path_;
};

// A seeded network of few channels with the real one's names, DIR/MODEL and the format's extension; layers
// that need anything in `without` lack their weights. Returns the path.
std::string WriteSmallModel(const std::string& dir, const std::string& model,
                            WeightsFormat format = WeightsFormat::kKerasNested,
                            const std::vector<std::string>& without = {});

// Arguments for impastod on a free port, with the CPU and one thread.
std::vector<std::string> ServerArguments(const std::string& weights_dir, std::vector<std::string> more = {});

// A serving impastod and stubs for it. Ends the test program where it can't be started: nothing could be
// tested then.
struct RunningServer {
  std::unique_ptr<ServerProcess> process;
  std::string address;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Stylization::Stub> stylization;
  std::unique_ptr<v1::Models::Stub> models;
  std::unique_ptr<v1::Styles::Stub> styles;
};
RunningServer StartServer(const std::string& weights_dir, std::vector<std::string> more = {});

// Seeded; every kind has edges and colours.
Image Photograph(int width, int height);
Image Painting(int width, int height);
std::string Png(const Image& image);

// A request for a short job: a photograph of 48 x 40 in the manner of a painting of 40 x 40.
v1::StylizeRequest SmallRequest(int iterations);
// More iterations than any test waits for.
inline constexpr int kNeverDone = 100000;

// Uploads the parts in order.
grpc::Status Upload(v1::Stylization::Stub& stub, const std::vector<v1::UploadPictureRequest>& parts,
                    v1::UploadPictureResponse* response);

// Reads the health of `service` (grpc.health.v1.Health/Watch) until `seen` returns true: SERVING is 1,
// NOT_SERVING 2. The status of the call otherwise.
grpc::Status WatchHealth(grpc::Channel& channel, const std::string& service,
                         const std::function<bool(int)>& seen);

}  // namespace impasto::testing
