#include "core/words.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace impasto::gimp {
namespace {

constexpr char kHere[] = "127.0.0.1:50451";
constexpr char kThere[] = "studio:50451";

void SetDetail(const google::protobuf::Message& detail, absl::Status* status) {
  status->SetPayload("type.googleapis.com/" + detail.GetDescriptor()->full_name(),
                     absl::Cord(detail.SerializeAsString()));
}

// As the SDK says why there is no connection, and a server which code it failed with.
absl::Status Reasoned(absl::Status status, const std::string& reason,
                      const std::map<std::string, std::string>& facts = {}) {
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason(reason);
  info.mutable_metadata()->insert(facts.begin(), facts.end());
  SetDetail(info, &status);
  return status;
}

absl::Status AtField(absl::Status status, const std::string& field) {
  google::rpc::BadRequest detail;
  detail.add_field_violations()->set_field(field);
  SetDetail(detail, &status);
  return Reasoned(std::move(status), "INVALID_ARGUMENT");
}

TEST(WordsTest, NobodyThere) {
  const absl::Status status = Reasoned(absl::UnavailableError("can't reach it"), "NOBODY_THERE");
  EXPECT_EQ(Explain(status, kHere),
            "No Impasto server runs on this computer, at 127.0.0.1:50451. Start it, or choose the address of "
            "another one.");
  EXPECT_EQ(Explain(status, kThere),
            "No Impasto server runs at studio:50451. Start it there, or choose the address of another one.");
}

TEST(WordsTest, EveryReasonForNoConnection) {
  const std::map<std::string, std::string> words = {
      {"UNKNOWN_HOST", "No computer of the name in studio:50451 is known. Check the server's address."},
      {"NO_GRPC_THERE",
       "What answers at studio:50451 is another program, not an Impasto server. Check the server's address "
       "and its port."},
      {"CLOSED_WITHOUT_TLS",
       "The server at studio:50451 closed the connection at once: it may want an encrypted one. Choose the "
       "certificate to trust in the server's settings."},
      {"NO_TLS_THERE",
       "The server at studio:50451 doesn't offer encrypted connections. Remove the certificate from the "
       "server's settings, or check the address."},
      {"CERTIFICATE_NOT_TRUSTED",
       "The certificate of the server at studio:50451 isn't trusted, or has expired. Choose the certificate "
       "to trust in the server's settings."},
      {"CERTIFICATE_OF_ANOTHER",
       "The certificate of the server at studio:50451 is for another name. Use the name that is in the "
       "certificate as the address."}};
  for (const auto& [reason, expected] : words) {
    EXPECT_EQ(Explain(Reasoned(absl::UnavailableError("?"), reason), kThere), expected);
  }
  EXPECT_EQ(Explain(Reasoned(absl::InvalidArgumentError("token: ..."), "TOKEN_IN_THE_CLEAR"), kThere),
            "The access token isn't sent to studio:50451, because the connection isn't encrypted. Choose the "
            "certificate to trust in the server's settings.");
}

TEST(WordsTest, NoAnswer) {
  EXPECT_EQ(Explain(absl::UnavailableError("no answer from studio:50451 within 5s"), kThere),
            "The server at studio:50451 doesn't answer. Check the address and the network; if both are "
            "right, try again in a moment.");
  EXPECT_EQ(Explain(absl::DeadlineExceededError("no answer from studio:50451 within 10s"), kThere),
            "The server at studio:50451 took too long to answer: it is busy, or the network is slow. Try "
            "again in a moment.");
}

TEST(WordsTest, AServerThatStopsOrLoads) {
  absl::Status stopping = Reasoned(absl::UnavailableError("the server is stopping"), "UNAVAILABLE");
  EXPECT_EQ(Explain(stopping, kThere), "the server is stopping. Try again in a moment.");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(5);
  SetDetail(retry, &stopping);
  EXPECT_EQ(Explain(stopping, kThere), "the server is stopping. Try again in 5 s.");
}

TEST(WordsTest, Tokens) {
  EXPECT_EQ(Explain(absl::UnauthenticatedError("this server wants an access token in the call's metadata: "
                                               "\"authorization: Bearer TOKEN\""),
                    kThere),
            "The server at studio:50451 wants an access token. Choose the file with yours in the server's "
            "settings.");
  EXPECT_EQ(Explain(absl::UnauthenticatedError("this server doesn't know the call's access token"), kThere),
            "The server at studio:50451 doesn't know your access token. Choose the file with the right one "
            "in the server's settings.");
}

TEST(WordsTest, MemoryWithTheSizeThatFits) {
  const absl::Status status = absl::ResourceExhaustedError(
      "the job would take 1717 MiB of memory, and the server lets jobs have 1024 MiB (--memory-budget); the "
      "largest recipe.max_size that fits is 900");
  EXPECT_EQ(
      Explain(
          Reasoned(
              status, "RESOURCE_EXHAUSTED",
              {{"forecast_bytes", "1800000000"}, {"budget_bytes", "610000000"}, {"largest_max_size", "900"}}),
          kThere),
      "The picture would need 1.8 GB of the server's memory, and there are 610 MB for it. Choose a size "
      "of at most 900.");
  EXPECT_EQ(
      Explain(
          Reasoned(
              status, "RESOURCE_EXHAUSTED",
              {{"forecast_bytes", "1800000000"}, {"budget_bytes", "610000000"}, {"largest_max_size", "0"}}),
          kThere),
      "The picture would need 1.8 GB of the server's memory, and there are 610 MB for it. No size of it "
      "would fit: choose another model or a lower quality.");
}

TEST(WordsTest, AFullQueue) {
  EXPECT_EQ(
      Explain(absl::ResourceExhaustedError("the queue is full: the server takes 64 jobs at a time; try "
                                           "again later"),
              kThere),
      "The server can't take that now. Try again later, or with smaller pictures. (the queue is full: the "
      "server takes 64 jobs at a time; try again later)");
}

TEST(WordsTest, WhatIsGone) {
  EXPECT_EQ(Explain(absl::NotFoundError("there is no jobs/25c88e4457d10fe2"), kThere),
            "The server doesn't know this job any more: it was deleted, or had ended too long ago. Paint the "
            "picture again.");
  EXPECT_EQ(Explain(absl::NotFoundError("no style \"styles/1\" in the library"), kThere),
            "The server's library doesn't have this style any more. Choose another one.");
  EXPECT_EQ(
      Explain(absl::NotFoundError("models/vgg16 is not loaded; LoadModel loads it where it has weights"),
              kThere),
      "The server hasn't loaded this model. Choose another one.");
  EXPECT_EQ(Explain(absl::NotFoundError("no model \"models/x\"; there are models/vgg19"), kThere),
            "no model \"models/x\"; there are models/vgg19. Choose another model.");
}

TEST(WordsTest, Versions) {
  EXPECT_EQ(Explain(absl::FailedPreconditionError("the server at studio:50451 (impastod 0.1.0) speaks "
                                                  "revision 1 of the API; this client needs 4: update the "
                                                  "server"),
                    kThere),
            "The server at studio:50451 is too old for this plug-in. Update the server.");
  EXPECT_EQ(Explain(absl::FailedPreconditionError("the server at studio:50451 (impastod 9.0.0) no longer "
                                                  "understands this client (revision 4): update the client"),
                    kThere),
            "This plug-in is too old for the server at studio:50451. Update the plug-in.");
  const std::string another =
      "What answers at studio:50451 is no Impasto server, or one that is too old for this plug-in. Check the "
      "address, or update the server.";
  EXPECT_EQ(Explain(absl::FailedPreconditionError("studio:50451 is no Impasto server, or one older than API "
                                                  "revision 4: update the server"),
                    kThere),
            another);
  EXPECT_EQ(Explain(absl::UnimplementedError("no such method"), kThere), another);
}

TEST(WordsTest, WeightsThatAreMissing) {
  EXPECT_EQ(Explain(absl::FailedPreconditionError(
                        "recipe.style_layers[4].layer: block5_conv1 needs weights that vgg19.h5 lacks: "
                        "block5_conv1"),
                    kThere),
            "recipe.style_layers[4].layer: block5_conv1 needs weights that vgg19.h5 lacks: block5_conv1. The "
            "command `impastod weights pull`, run where the server runs, gets the weights.");
}

TEST(WordsTest, FieldsAreCalledAsInTheDialog) {
  EXPECT_EQ(Explain(AtField(absl::InvalidArgumentError("recipe.max_size: 9000 is outside 16..8192"),
                            "recipe.max_size"),
                    kThere),
            "Size: 9000 is outside 16..8192");
  EXPECT_EQ(
      Explain(AtField(absl::InvalidArgumentError("styles[0].encoded: not a PNG, JPEG, WebP or TIFF file"),
                      "styles[0].encoded"),
              kThere),
      "The style picture: not a PNG, JPEG, WebP or TIFF file");
  EXPECT_EQ(Explain(AtField(absl::InvalidArgumentError("content.raw.width: 1 is outside 2..30000"),
                            "content.raw.width"),
                    kThere),
            "Your picture: 1 is outside 2..30000");
  EXPECT_EQ(
      Explain(AtField(absl::InvalidArgumentError("display_name: is not UTF-8"), "display_name"), kThere),
      "display_name: is not UTF-8");
}

TEST(WordsTest, AnAddressOfAnotherForm) {
  EXPECT_EQ(Explain(absl::InvalidArgumentError("server address \"studio\": not of the form HOST:PORT, "
                                               "[IPv6]:PORT or unix:PATH"),
                    "studio"),
            "\"studio\" is no server's address. Write the computer's name and a port: localhost:50451");
}

TEST(WordsTest, EverythingElseInTheServersWords) {
  EXPECT_EQ(Explain(absl::InternalError("the disk is broken"), kThere),
            "Something went wrong at the server; its log may say more. (the disk is broken)");
  EXPECT_EQ(Explain(absl::PermissionDeniedError("not yours"), kThere), "not yours");
  EXPECT_EQ(Explain(absl::OutOfRangeError(""), kThere), "OUT_OF_RANGE");
  EXPECT_EQ(Explain(absl::CancelledError("the job was cancelled"), kThere), "The job was cancelled.");
}

TEST(WordsTest, Times) {
  EXPECT_EQ(Words(absl::ZeroDuration()), "0 s");
  EXPECT_EQ(Words(absl::Seconds(-4)), "0 s");
  EXPECT_EQ(Words(absl::Milliseconds(11600)), "12 s");
  EXPECT_EQ(Words(absl::Milliseconds(59600)), "1 min");
  EXPECT_EQ(Words(absl::Seconds(200)), "3 min 20 s");
  EXPECT_EQ(Words(absl::Seconds(3599)), "59 min 59 s");
  EXPECT_EQ(Words(absl::Seconds(3600)), "1 h");
  EXPECT_EQ(Words(absl::Minutes(65)), "1 h 5 min");
  EXPECT_EQ(Words(absl::InfiniteDuration()), "100000 h");
}

TEST(WordsTest, Sizes) {
  EXPECT_EQ(ByteWords(-1), "0 MB");
  EXPECT_EQ(ByteWords(0), "0 MB");
  EXPECT_EQ(ByteWords(1), "1 MB");
  EXPECT_EQ(ByteWords(610'000'000), "610 MB");
  EXPECT_EQ(ByteWords(999'600'000), "1.0 GB");
  EXPECT_EQ(ByteWords(1'240'000'000), "1.2 GB");
}

}  // namespace
}  // namespace impasto::gimp
