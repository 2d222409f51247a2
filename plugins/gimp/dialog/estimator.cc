#include "dialog/estimator.h"

#include <utility>

#include "host/request.h"
#include "impasto/internal/status_macros.h"

namespace impasto::gimp {

void Estimator::Ask(Question question) {
  if (asking_) {
    next_ = std::move(question);
    return;
  }
  asking_ = true;
  loop_.InBackground([question = std::move(question), target = target_, content = content_,
                      uploads = uploads_] { return AskServer(question, target, *content, uploads); },
                     [this](Said said) {
                       asking_ = false;
                       uploads_ = std::move(said.uploads);
                       if (next_.has_value()) {
                         Ask(*std::exchange(next_, std::nullopt));
                       } else {
                         answer_(std::move(said.forecast));
                       }
                     });
}

Estimator::Said Estimator::AskServer(const Question& question, const Target& target,
                                     const v1::Picture& content, Uploads uploads) {
  absl::StatusOr<v1::EstimateJobResponse> forecast = Estimate(question, target, content, &uploads);
  if (absl::IsNotFound(forecast.status())) {
    // The server was started anew, or hasn't kept them for so long.
    uploads = Uploads();
    forecast = Estimate(question, target, content, &uploads);
  }
  Said said;
  said.uploads = std::move(uploads);
  if (forecast.ok()) {
    said.forecast = *std::move(forecast);
  }
  return said;
}

absl::StatusOr<v1::EstimateJobResponse> Estimator::Estimate(const Question& question, const Target& target,
                                                            const v1::Picture& content, Uploads* uploads) {
  const Client& client = question.client;
  if (uploads->address != client.address()) {
    *uploads = Uploads();
    uploads->address = client.address();
  }
  if (uploads->content.empty()) {
    IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::UploadPictureResponse sent, client.UploadPicture(content));
    uploads->content = sent.name();
  }
  v1::Picture style;
  if (question.style.kind == Style::Kind::kLibrary) {
    style.set_style(question.style.value);
  } else {
    if (uploads->style.empty() || !(uploads->of == question.style)) {
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::Picture picture, question.read_style());
      IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::UploadPictureResponse sent, client.UploadPicture(picture));
      uploads->style = sent.name();
      uploads->of = question.style;
    }
    style.set_upload(uploads->style);
  }
  v1::Picture known;
  known.set_upload(uploads->content);
  return client.EstimateJob(MakeRequest(target, std::move(known), std::move(style), question.recipe));
}

}  // namespace impasto::gimp
