#include "painting.h"

#include <fstream>
#include <utility>

namespace {

bool Write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  return !file.fail();
}

}  // namespace

absl::Status Paint(const impasto::Client& client, const std::string& photo, const std::string& painting,
                   const std::string& file, std::ostream& out) {
  // Pictures are sent as the files that they are; the server decodes them.
  absl::StatusOr<impasto::v1::Picture> content = impasto::PictureFromFile(photo);
  if (!content.ok()) {
    return content.status();
  }
  absl::StatusOr<impasto::v1::Picture> style = impasto::PictureFromFile(painting);
  if (!style.ok()) {
    return style.status();
  }

  // What isn't set is the server's choice: the preset, the model, the layers and their weights.
  impasto::v1::StylizeRequest request;
  *request.mutable_content() = *std::move(content);
  *request.add_styles() = *std::move(style);
  request.mutable_recipe()->set_iterations(100);
  request.mutable_preview()->set_every_iterations(10);
  request.mutable_preview()->set_format(impasto::v1::PICTURE_FORMAT_PNG);

  impasto::StylizeCallbacks callbacks;
  callbacks.on_accepted = [&out](const impasto::v1::Accepted& accepted) {
    out << "painting " << accepted.width() << " x " << accepted.height() << " pixels with "
        << accepted.recipe().model() << "\n";
    for (const std::string& warning : accepted.warnings()) {
      out << "WARNING: " << warning << "\n";
    }
  };
  callbacks.on_progress = [&out](const impasto::v1::Progress& progress) {
    out << progress.iteration() - 1 << " of " << progress.iterations() << " steps, loss "
        << progress.total_loss() << "\n";
  };
  callbacks.on_preview = [&file](const impasto::PreviewPicture& preview) {
    Write(file, preview.picture.bytes);
  };
  callbacks.on_connection_lost = [&out](const impasto::ConnectionLost& lost) {
    out << lost.status.message() << ": coming back to the job\n";
  };
  const absl::StatusOr<impasto::ResultPicture> result = client.Stylize(std::move(request), callbacks);
  if (!result.ok()) {
    return result.status();
  }
  if (!Write(file, result->picture.bytes)) {
    return absl::UnknownError(file + ": can't be written");
  }
  out << "the picture of step " << result->iteration << ", loss " << result->total_loss << ": " << file
      << "\n";
  return absl::OkStatus();
}
