// Asks a server in the background what a painting would need. For the main thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dialog/background_job.h"
#include "dialog/main_loop.h"
#include "host/host.h"
#include "impasto/client.h"

namespace impasto::gimp {

class Estimator {
 public:
  struct Question {
    Client client;
    Style style;
    StyleReader read_style;
    v1::Recipe recipe;
  };
  // nullopt: the server couldn't say, and will say so again when it is to paint.
  using Answer = std::function<void(std::optional<v1::EstimateJobResponse>)>;

  Estimator(const Target& target, std::shared_ptr<const v1::Picture> content, Answer answer)
      : target_(target), content_(std::move(content)), answer_(std::move(answer)) {}

  // One question is under way at a time; of those that come meanwhile the last is asked then.
  void Ask(Question question);

 private:
  // Pictures that the server has already: a question needn't carry them again.
  struct Uploads {
    std::string address;
    std::string content;
    Style of;
    std::string style;
  };
  struct Said {
    std::optional<v1::EstimateJobResponse> forecast;
    Uploads uploads;
  };

  static Said AskServer(const Question& question, const Target& target, const v1::Picture& content,
                        Uploads uploads);
  static absl::StatusOr<v1::EstimateJobResponse> Estimate(const Question& question, const Target& target,
                                                          const v1::Picture& content, Uploads* uploads);

  const Target target_;
  const std::shared_ptr<const v1::Picture> content_;
  const Answer answer_;
  Uploads uploads_;
  bool asking_ = false;
  std::optional<Question> next_;
  MainLoop loop_;
};

}  // namespace impasto::gimp
