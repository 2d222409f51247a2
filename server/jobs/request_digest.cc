#include "jobs/request_digest.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/sha256.h"

namespace impasto::jobs {
namespace {

// With its length, so that no two lists of parts look the same.
void Add(const std::string& bytes, Sha256* sha) {
  const uint64_t size = bytes.size();
  sha->Update(&size, sizeof size);
  sha->Update(bytes.data(), bytes.size());
}

void AddMessage(const google::protobuf::Message& message, Sha256* sha) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  Add(bytes, sha);
}

void AddPicture(const v1::Picture& picture, Sha256* sha) {
  if (picture.has_encoded()) {
    Add("encoded", sha);
    Add(picture.encoded(), sha);
  } else if (picture.has_upload()) {
    Add("upload", sha);
  } else {
    AddMessage(picture, sha);
  }
}

}  // namespace

std::string RequestDigest(const v1::StylizeRequest& request) {
  Sha256 sha;
  AddPicture(request.content(), &sha);
  for (const v1::Picture& style : request.styles()) AddPicture(style, &sha);
  if (request.has_initial()) AddPicture(request.initial(), &sha);
  v1::StylizeRequest rest;
  *rest.mutable_recipe() = request.recipe();
  *rest.mutable_output() = request.output();
  AddMessage(rest, &sha);
  return sha.Finish();
}

}  // namespace impasto::jobs
