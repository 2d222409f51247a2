// The code in docs/sdk-cpp.md, so that it compiles; one of its parts also runs. check_snippets.py holds the
// two together.
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impasto/client.h"
#include "impasto/mocks/mock_connection.h"
#include "impasto/mocks/scripted_call.h"

// NOLINTBEGIN(misc-use-internal-linkage): nobody calls most of these
absl::Status APicture() {
  absl::StatusOr<impasto::Client> client = impasto::Client::Connect({.address = "127.0.0.1:50451"});
  if (!client.ok()) {
    return client.status();
  }
  absl::StatusOr<impasto::v1::Picture> photo = impasto::PictureFromFile("photo.jpg");
  absl::StatusOr<impasto::v1::Picture> painting = impasto::PictureFromFile("painting.jpg");
  if (!photo.ok() || !painting.ok()) {
    return !photo.ok() ? photo.status() : painting.status();
  }
  impasto::v1::StylizeRequest request;
  *request.mutable_content() = *std::move(photo);
  *request.add_styles() = *std::move(painting);
  request.mutable_recipe()->set_iterations(100);
  impasto::StylizeCallbacks callbacks;
  callbacks.on_progress = [](const impasto::v1::Progress& progress) {
    std::cout << progress.iteration() << " " << progress.total_loss() << "\n";
  };
  absl::StatusOr<impasto::ResultPicture> result = client->Stylize(std::move(request), callbacks);
  return result.status();
}

absl::Status AnotherMachine() {
  absl::StatusOr<std::string> roots = impasto::RootCertificatesFromFile("ca.pem");
  absl::StatusOr<std::string> token = impasto::TokenFromFile("token");
  if (!roots.ok() || !token.ok()) {
    return !roots.ok() ? roots.status() : token.status();
  }
  impasto::ClientOptions options;
  options.address = "paint.example:50451";
  options.tls = impasto::TlsOptions{.root_certificates = *roots};  // without roots: the system's
  options.token = *token;
  absl::StatusOr<impasto::Client> client = impasto::Client::Connect(options);
  return client.status();
}

absl::Status EventByEvent(const impasto::Client& client, impasto::v1::StylizeRequest request) {
  impasto::ReceivedPicture picture;
  std::unique_ptr<impasto::StylizeCall> call = client.StartStylize(std::move(request));
  while (std::optional<impasto::StylizeEvent> event = call->Next()) {
    if (const auto* progress = std::get_if<impasto::v1::Progress>(&*event)) {
      if (progress->iteration() > 50) {
        call->Cancel();  // the stream goes on to its end, and may bring the best picture so far
      }
    } else if (auto* result = std::get_if<impasto::ResultPicture>(&*event)) {
      picture = std::move(result->picture);
    }
  }
  absl::Status how_it_ended = call->Finish();  // CANCELLED, here
  return how_it_ended;
}

void WhatGoesWrong(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) {
    std::cerr << "the server refuses " << impasto::ErrorField(status) << ": " << status.message() << "\n";
  } else if (std::optional<absl::Duration> wait = impasto::RetryDelay(status)) {
    std::cerr << "try again in " << *wait << "\n";
  } else if (impasto::ErrorReason(status) == "CLOSED_WITHOUT_TLS") {
    std::cerr << "this server wants TLS\n";
  }
}
// NOLINTEND(misc-use-internal-linkage)

TEST(DocSnippets, InYourTests) {
  auto connection = std::make_shared<impasto::mocks::MockConnection>();
  EXPECT_CALL(*connection, Stylize).WillOnce([](const impasto::v1::StylizeRequest&) {
    impasto::ResultPicture result;
    result.picture.bytes = "PAINTED";
    return std::make_unique<impasto::mocks::ScriptedCall>(std::vector<impasto::StylizeEvent>{result});
  });
  impasto::Client client(connection);
  EXPECT_EQ(client.Stylize({})->picture.bytes, "PAINTED");
}
