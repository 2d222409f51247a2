// Paints a photograph in the manner of a painting, and writes the picture as it grows.
//
//   impasto_example_paint PHOTO PAINTING OUT.png
//
// The server's address comes from IMPASTO_SERVER, or is 127.0.0.1:50451.
#include <fstream>
#include <iostream>
#include <string>
#include <utility>

#include "impasto/client.h"

namespace {

int Fail(const absl::Status& status) {
  std::cerr << status.message() << "\n";
  return 1;
}

bool Write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  return !file.fail();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: impasto_example_paint PHOTO PAINTING OUT.png\n";
    return 2;
  }
  const std::string out = argv[3];

  // Pictures are sent as the files that they are; the server decodes them.
  absl::StatusOr<impasto::v1::Picture> photo = impasto::PictureFromFile(argv[1]);
  if (!photo.ok()) {
    return Fail(photo.status());
  }
  absl::StatusOr<impasto::v1::Picture> painting = impasto::PictureFromFile(argv[2]);
  if (!painting.ok()) {
    return Fail(painting.status());
  }

  const absl::StatusOr<impasto::Client> client = impasto::Client::Connect();
  if (!client.ok()) {
    return Fail(client.status());
  }

  // What isn't set is the server's choice: the preset, the model, the layers and their weights.
  impasto::v1::StylizeRequest request;
  *request.mutable_content() = *std::move(photo);
  *request.add_styles() = *std::move(painting);
  request.mutable_recipe()->set_iterations(100);
  request.mutable_preview()->set_every_iterations(10);
  request.mutable_preview()->set_format(impasto::v1::PICTURE_FORMAT_PNG);

  impasto::StylizeCallbacks callbacks;
  callbacks.on_accepted = [](const impasto::v1::Accepted& accepted) {
    std::cout << "painting " << accepted.width() << " x " << accepted.height() << " pixels with "
              << accepted.recipe().model() << "\n";
    for (const std::string& warning : accepted.warnings()) {
      std::cout << "WARNING: " << warning << "\n";
    }
  };
  callbacks.on_progress = [](const impasto::v1::Progress& progress) {
    std::cout << progress.iteration() - 1 << " of " << progress.iterations() << " steps, loss "
              << progress.total_loss() << "\n";
  };
  callbacks.on_preview = [&out](const impasto::PreviewPicture& preview) {
    Write(out, preview.picture.bytes);
  };
  const absl::StatusOr<impasto::ResultPicture> result = client->Stylize(std::move(request), callbacks);
  if (!result.ok()) {
    const std::string field = impasto::ErrorField(result.status());
    if (!field.empty()) {
      std::cerr << "the server refuses " << field << "\n";
    }
    return Fail(result.status());
  }
  if (!Write(out, result->picture.bytes)) {
    std::cerr << out << ": can't be written\n";
    return 1;
  }
  std::cout << "the picture of step " << result->iteration << ", loss " << result->total_loss << ": " << out
            << "\n";
  return 0;
}
