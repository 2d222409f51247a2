// The conformance driver of the C++ SDK: tests/conformance/README.md says what it reads and answers.
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "impasto/client.h"

namespace {

namespace v1 = impasto::v1;
using Json = nlohmann::json;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a run has come to so far, as the answer has it.
struct Answer {
  Json iterations = Json::array();
  Json previews = Json::array();
  Json result;
  int reconnects = 0;
};

absl::StatusOr<v1::Picture> MakePicture(const impasto::Client& client, const Json& described) {
  v1::Picture picture;
  if (described.contains("style")) {
    picture.set_style(described["style"].get<std::string>());
    return picture;
  }
  if (!described.contains("file")) {
    picture.set_upload(described["upload"].get<std::string>());
    return picture;
  }
  const std::string path = described["file"];
  if (described.contains("raw")) {
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(described["raw"].dump(), picture.mutable_raw());
    if (!parsed.ok()) return absl::InternalError(parsed.ToString());
    picture.mutable_raw()->set_data(ReadFile(path));
  } else {
    const absl::StatusOr<v1::Picture> file = impasto::PictureFromFile(path);
    if (!file.ok()) return file.status();
    picture = *file;
  }
  if (described.value("upload", false)) {
    const absl::StatusOr<v1::UploadPictureResponse> uploaded = client.UploadPicture(picture);
    if (!uploaded.ok()) return uploaded.status();
    picture.Clear();
    picture.set_upload(uploaded->name());
  }
  return picture;
}

absl::StatusOr<v1::StylizeRequest> MakeRequest(const impasto::Client& client, const Json& command) {
  v1::StylizeRequest request;
  const auto parsed = google::protobuf::util::JsonStringToMessage(command["request"].dump(), &request);
  if (!parsed.ok()) return absl::InternalError(parsed.ToString());
  absl::StatusOr<v1::Picture> content = MakePicture(client, command["content"]);
  if (!content.ok()) return content.status();
  *request.mutable_content() = *std::move(content);
  for (const Json& described : command["styles"]) {
    absl::StatusOr<v1::Picture> style = MakePicture(client, described);
    if (!style.ok()) return style.status();
    *request.add_styles() = *std::move(style);
  }
  if (command.contains("initial")) {
    absl::StatusOr<v1::Picture> initial = MakePicture(client, command["initial"]);
    if (!initial.ok()) return initial.status();
    *request.mutable_initial() = *std::move(initial);
  }
  return request;
}

absl::StatusOr<impasto::Client> Connect(const Json& command) {
  impasto::ClientOptions options;
  options.address = command["address"];
  options.client_name = command["client"];
  options.token = command["token"];
  options.reattach_timeout = absl::Seconds(command["reattach_seconds"].get<double>());
  const std::string roots = command["tls_ca"];
  if (!roots.empty()) {
    absl::StatusOr<std::string> certificates = impasto::RootCertificatesFromFile(roots);
    if (!certificates.ok()) return certificates.status();
    options.tls = impasto::TlsOptions{.root_certificates = *std::move(certificates)};
  }
  return impasto::Client::Connect(std::move(options));
}

absl::Status Run(const Json& command, Answer* answer, std::string* job) {
  const absl::StatusOr<impasto::Client> client = Connect(command);
  if (!client.ok()) return client.status();
  absl::StatusOr<v1::StylizeRequest> request = MakeRequest(*client, command);
  if (!request.ok()) return request.status();
  const std::unique_ptr<impasto::StylizeCall> call = client->StartStylize(*std::move(request));
  const std::string action = command["action"];
  while (std::optional<impasto::StylizeEvent> event = call->Next()) {
    if (std::holds_alternative<v1::Accepted>(*event) && action == "slow") {
      // Its end is the end of another stream of its events.
      client->WatchJob(call->job())->Finish().IgnoreError();
    } else if (const auto* const progress = std::get_if<v1::Progress>(&*event)) {
      answer->iterations.push_back(progress->iteration());
      if (action == "cancel" && progress->iteration() == command["after"].get<int>()) call->Cancel();
    } else if (const auto* const preview = std::get_if<impasto::PreviewPicture>(&*event)) {
      answer->previews.push_back(preview->iteration);
    } else if (const auto* const result = std::get_if<impasto::ResultPicture>(&*event)) {
      const v1::PictureHeader& header = result->picture.header;
      answer->result = {{"iteration", result->iteration},
                        {"format", v1::PictureFormat_Name(header.format())},
                        {"width", header.width()},
                        {"height", header.height()},
                        {"bytes", result->picture.bytes.size()},
                        {"pixelFormat", v1::PixelFormat_Name(header.pixel_format())},
                        {"stride", header.stride()}};
      std::ofstream(command["out"].get<std::string>(), std::ios::binary) << result->picture.bytes;
    } else if (std::holds_alternative<impasto::ConnectionLost>(*event)) {
      ++answer->reconnects;
    }
  }
  *job = call->job();
  return call->Finish();
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json command = Json::parse(line);
    Answer answer;
    std::string job;
    const absl::Status status = Run(command, &answer, &job);
    const Json said = {{"case", command["case"]},
                       {"code", absl::StatusCodeToString(status.code())},
                       {"message", std::string(status.message())},
                       {"field", impasto::ErrorField(status)},
                       {"reason", impasto::ErrorReason(status)},
                       {"job", job},
                       {"iterations", answer.iterations},
                       {"previews", answer.previews},
                       {"result", answer.result},
                       {"reconnects", answer.reconnects}};
    std::cout << said.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  }
  return 0;
}
