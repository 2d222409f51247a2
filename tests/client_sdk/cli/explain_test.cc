#include "cli/explain.h"

#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "google/rpc/error_details.pb.h"

namespace impasto::cli {
namespace {

TEST(ExplainTest, AServerThatAnswersIsThere) {
  google::rpc::ErrorInfo info;
  info.set_domain("impasto");
  info.set_reason("UNAVAILABLE");
  absl::Status status = absl::UnavailableError("the server is loading its models");
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(Explain(status, "h:1"), "the server is loading its models\n  Try again in a moment.");
}

TEST(ExplainTest, HintsAtWhatToDo) {
  EXPECT_EQ(Explain(absl::UnavailableError("can't reach h:1: refused"), "h:1"),
            "can't reach h:1: refused\n  Is impastod running at h:1? Start it with: impastod --listen h:1");
  EXPECT_EQ(Explain(absl::UnimplementedError(""), "h:1"),
            "UNIMPLEMENTED\n  What answers at h:1 doesn't speak impasto.v1: another program, or an older "
            "impastod.");
  EXPECT_EQ(Explain(absl::NotFoundError("no such model: vgg20"), "h:1"),
            "no such model: vgg20\n  `impasto models list` shows the models that there are.");
  EXPECT_EQ(Explain(absl::NotFoundError("no such upload"), "h:1"), "no such upload");
  EXPECT_EQ(Explain(absl::NotFoundError("no job \"jobs/1\""), "h:1"),
            "no job \"jobs/1\"\n  `impasto jobs list --all` shows the jobs that there are.");
  EXPECT_EQ(Explain(absl::NotFoundError("no style \"styles/1\""), "h:1"),
            "no style \"styles/1\"\n  `impasto styles list` shows the styles that there are.");
  EXPECT_EQ(Explain(absl::InternalError("words"), "h:1"), "words\n  The server's log may say more.");
  EXPECT_EQ(Explain(absl::InvalidArgumentError("words"), "h:1"), "words");
}

TEST(ExplainTest, HintsAtWhatStandsInTheWay) {
  const auto explained = [](absl::Status status, const std::string& reason) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord(info.SerializeAsString()));
    return Explain(status, "h:1");
  };
  const absl::Status gone = absl::UnavailableError("words");
  EXPECT_EQ(explained(gone, "NOBODY_THERE"),
            "words\n  Is impastod running at h:1? Start it with: impastod --listen h:1");
  EXPECT_EQ(explained(gone, "UNKNOWN_HOST"), "words\n  Is the name in --server right?");
  EXPECT_EQ(explained(gone, "NO_GRPC_THERE"),
            "words\n  Is --server the address of impastod? Another program has that port.");
  EXPECT_EQ(explained(gone, "NO_TLS_THERE"),
            "words\n  Without --tls, --tls-ca and IMPASTO_TLS_CA the connection isn't encrypted.");
  EXPECT_EQ(explained(absl::InvalidArgumentError("words"), "TOKEN_IN_THE_CLEAR"),
            "words\n  Encrypt the connection with --tls or --tls-ca FILE.");
  EXPECT_EQ(explained(absl::InvalidArgumentError("words"), "BAD_FIELD"), "words");
  EXPECT_EQ(Explain(absl::UnauthenticatedError("words"), "h:1"),
            "words\n  Give your access token with --token-file FILE, or in IMPASTO_TOKEN.");
}

absl::Status WithFact(absl::Status status, const std::string& name, const std::string& value) {
  google::rpc::ErrorInfo info;
  (*info.mutable_metadata())[name] = value;
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord(info.SerializeAsString()));
  return status;
}

TEST(ExplainTest, NamesTheSizeThatFits) {
  const absl::Status full = absl::ResourceExhaustedError("it takes 9 GiB");
  EXPECT_EQ(Explain(full, "h:1"), "it takes 9 GiB\n  Try again later, or with fewer or smaller pictures.");
  EXPECT_EQ(Explain(WithFact(full, "largest_max_size", "900"), "h:1"),
            "it takes 9 GiB\n  Try --max-size 900, the largest that fits.");
  EXPECT_EQ(
      Explain(WithFact(full, "largest_max_size", "0"), "h:1"),
      "it takes 9 GiB\n  No size of it would fit: try another model, fewer layers, or the other optimizer.");
  EXPECT_EQ(Explain(WithFact(full, "budget_bytes", "1"), "h:1"),
            "it takes 9 GiB\n  Try again later, or with fewer or smaller pictures.");
}

TEST(ExplainTest, SaysWhenToTryAgain) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(15);
  absl::Status status = absl::UnavailableError("the server is stopping");
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(retry.SerializeAsString()));
  EXPECT_EQ(Explain(status, "h:1"), "the server is stopping\n  Try again in 15 s.");
}

TEST(ExplainTest, NamesTheFieldWhereTheWordsDoNot) {
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("recipe.iterations");
  const absl::Cord payload(bad_request.SerializeAsString());
  absl::Status status = absl::InvalidArgumentError("not in 1..100000");
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest", payload);
  EXPECT_EQ(Explain(status, "h:1"), "recipe.iterations: not in 1..100000");
  status = absl::InvalidArgumentError("recipe.iterations: not in 1..100000");
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest", payload);
  EXPECT_EQ(Explain(status, "h:1"), "recipe.iterations: not in 1..100000");
}

TEST(ExitCodeForTest, TellsNoServerFromAnUnwillingOne) {
  EXPECT_EQ(ExitCodeFor(absl::UnavailableError("")), 3);
  EXPECT_EQ(ExitCodeFor(absl::InvalidArgumentError("")), 1);
  EXPECT_EQ(ExitCodeFor(absl::CancelledError("")), 1);
}

TEST(FlagOfFieldTest, NamesWhatTheUserTyped) {
  EXPECT_EQ(FlagOfField("content"), "CONTENT");
  EXPECT_EQ(FlagOfField("content.raw.width"), "CONTENT");
  EXPECT_EQ(FlagOfField("styles"), "STYLE");
  EXPECT_EQ(FlagOfField("styles[0]"), "STYLE 1");
  EXPECT_EQ(FlagOfField("styles[1].encoded"), "STYLE 2");
  EXPECT_EQ(FlagOfField("styles[x]"), "STYLE");
  EXPECT_EQ(FlagOfField("initial"), "--init");
  EXPECT_EQ(FlagOfField("recipe.learning_rate"), "--learning-rate");
  EXPECT_EQ(FlagOfField("recipe.style_layers[2].layer"), "--style-layer");
  EXPECT_EQ(FlagOfField("recipe.style_picture_weights[0]"), "--style-picture-weight");
  EXPECT_EQ(FlagOfField("output.quality"), "--jpeg-quality");
  EXPECT_EQ(FlagOfField("recipe.quality"), "--quality");
  EXPECT_EQ(FlagOfField("recipe.optimizer"), "--optimizer");
  EXPECT_EQ(FlagOfField("recipe.lbfgs_history"), "--lbfgs-history");
  EXPECT_EQ(FlagOfField("recipe.learning_rate"), "--learning-rate");
  EXPECT_EQ(FlagOfField("recipe.learning_rate_schedule"), "--schedule");
  EXPECT_EQ(FlagOfField("recipe.pyramid_levels"), "--pyramid");
  EXPECT_EQ(FlagOfField("recipe.stall_evaluations"), "--stall-evaluations");
  EXPECT_EQ(FlagOfField("recipe.stall_improvement"), "--stall-improvement");
  EXPECT_EQ(FlagOfField("job.recipe.style_weight"), "--style-weight");
  EXPECT_EQ(FlagOfField("job.display_name"), "--name");
  EXPECT_EQ(FlagOfField("request.styles[0]"), "STYLE 1");
  EXPECT_EQ(FlagOfField("request_id"), "--request-id");
  EXPECT_EQ(FlagOfField("filter"), "--filter");
  EXPECT_EQ(FlagOfField("recipe.beta1"), "");
  EXPECT_EQ(FlagOfField("recipe"), "");
  EXPECT_EQ(FlagOfField(""), "");
}

}  // namespace
}  // namespace impasto::cli
