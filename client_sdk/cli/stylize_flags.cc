#include "cli/stylize_flags.h"

#include <CLI/CLI.hpp>

#include "cli/priority.h"

namespace impasto::cli {

// Ranges are in the help, and checked by the server: it has the last word on them in any case, and says more
// about what is wrong.

void AddStylizeOptions(CLI::App* command, StylizeFlags* flags) {
  command->add_option("CONTENT", flags->content, "The photograph: PNG, JPEG, WebP or TIFF")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("STYLE", flags->styles,
                   "The painting; or up to 16, which are mixed. styles/ID is one\nof the server's (`impasto "
                   "styles list`)")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("-o,--output", flags->output,
                   "The result; its extension chooses the format:\npng, jpg, webp or tif. Required, but for "
                   "--detach and\n"
                   "--estimate")
      ->type_name("OUT");

  const char* const method = "What is painted";
  command
      ->add_option("--preset", flags->preset,
                   "painterly (default; made to look good) or\nreference (the method's published figures)")
      ->type_name("NAME")
      ->group(method);
  command
      ->add_option(
          "--quality", flags->quality,
          "draft, good (painterly's own) or best: optimizer, steps,\nlevels and when to stop; flags that "
          "are given go before it")
      ->type_name("draft|good|best")
      ->check(CLI::Validator(
          [](std::string& value) -> std::string {
            if (value == "draft" || value == "good" || value == "best") return "";
            return value + " is none of draft, good, best (of JPEG and WebP: --jpeg-quality)";
          },
          ""))
      ->group(method);
  command->add_option("--model", flags->model, "vgg19, vgg16, resnet50; see `impasto models list`")
      ->type_name("NAME")
      ->group(method);
  command->add_option("--iterations", flags->iterations, "Steps, 1..100000; fewer where it stalls")
      ->type_name("N")
      ->group(method);
  command
      ->add_option("--max-size", flags->max_size,
                   "Long side of the working picture, pixels, 16..8192\n(default 512; smaller pictures "
                   "aren't enlarged)")
      ->type_name("PIXELS")
      ->group(method);
  command
      ->add_option("--style-size", flags->style_size,
                   "Long side of the paintings, pixels, 16..8192\n(default: --max-size); larger: finer "
                   "strokes seen whole")
      ->type_name("PIXELS")
      ->group(method);
  command
      ->add_option(
          "--init", flags->init,
          "Start from: content (default), noise, or a picture file\n(a file of such a name: ./content)")
      ->type_name("content|noise|FILE")
      ->group(method);
  command->add_option("--content-weight", flags->content_weight, "Factor of the content loss, 0..1e15")
      ->type_name("W")
      ->group(method);
  command->add_option("--style-weight", flags->style_weight, "Factor of the style loss, above 0, up to 1e15")
      ->type_name("W")
      ->group(method);
  command
      ->add_option("--tv-weight", flags->tv_weight,
                   "Factor of the total variation, 0..1e15; 0: none; more: smoother")
      ->type_name("W")
      ->group(method);
  command->add_option("--optimizer", flags->optimizer, "What moves the picture")
      ->type_name("adam|lbfgs")
      ->check(CLI::IsMember({"adam", "lbfgs"}).description(""))
      ->group(method);
  command
      ->add_option("--lbfgs-history", flags->lbfgs_history,
                   "Steps that L-BFGS remembers, 1..100; 24 bytes of memory\na pixel each")
      ->type_name("N")
      ->group(method);
  command->add_option("--learning-rate", flags->learning_rate, "Adam's step, grey levels, above 0, up to 255")
      ->type_name("RATE")
      ->group(method);
  command
      ->add_option("--schedule", flags->schedule,
                   "Adam's learning rate: constant, or falling to 0 along\nhalf a cosine")
      ->type_name("constant|cosine")
      ->check(CLI::IsMember({"constant", "cosine"}).description(""))
      ->group(method);
  command
      ->add_option(
          "--pyramid", flags->pyramid,
          "Coarse to fine: sizes that are painted in turn, 1..6, each\nhalf the next; 1: the working "
          "size alone; 0: as many as pay")
      ->type_name("N")
      ->group(method);
  command
      ->add_option("--stall-evaluations", flags->stall_evaluations,
                   "End (or go to the next level) where the lowest loss has\nhardly fallen over so many "
                   "steps, 1..100000; 0: never")
      ->type_name("N")
      ->group(method);
  command
      ->add_option("--stall-improvement", flags->stall_improvement,
                   "What is hardly: less than this share of it, 0 to below 1")
      ->type_name("SHARE")
      ->group(method);
  command
      ->add_option("--content-layer", flags->content_layers,
                   "A content layer, and its weight in the sum, 0..1e12\n(default weight: 1/number of "
                   "layers). Repeatable, at most "
                   "64;\nreplaces all of the preset's")
      ->type_name("NAME[=W]")
      ->allow_extra_args(false)
      ->group(method);
  command->add_option("--style-layer", flags->style_layers, "A style layer, in the same way")
      ->type_name("NAME[=W]")
      ->allow_extra_args(false)
      ->group(method);
  command
      ->add_option(
          "--style-picture-weight", flags->style_picture_weights,
          "Share of the first STYLE, then of the second, ...:\n0..1e6, one for each (default: all the same)")
      ->type_name("W")
      ->allow_extra_args(false)
      ->group(method);
  command
      ->add_option("--normalization", flags->normalization,
                   "How losses are normalised: mean, or the paper's sums")
      ->type_name("mean|paper")
      ->check(CLI::IsMember({"mean", "paper"}).description(""))
      ->group(method);
  command->add_option("--pooling", flags->pooling, "The network's pooling layers: max, or avg (smoother)")
      ->type_name("max|avg")
      ->check(CLI::IsMember({"max", "avg"}).description(""))
      ->group(method);
  command->add_option("--seed", flags->seed, "Seed of the noise, 0..2^64-1")->type_name("N")->group(method);
  command
      ->add_option(
          "--recipe", flags->recipe,
          "Take all of the above from a file that --save-recipe wrote;\nflags that are given go before it")
      ->type_name("FILE")
      ->group(method);

  const char* const outputs = "What is written";
  command
      ->add_option("--output-size", flags->output_size,
                   "working (default): the size that was painted;\noriginal: the photograph's own")
      ->type_name("working|original")
      ->check(CLI::IsMember({"working", "original"}).description(""))
      ->group(outputs);
  command->add_option("--jpeg-quality", flags->jpeg_quality, "Of JPEG and WebP, 1..100 (default 92)")
      ->type_name("N")
      ->group(outputs);
  AddOutputOptions(command, outputs, flags);
  CLI::Option* const preview_dir = command->get_option("--preview-dir");
  command
      ->add_option("--preview-every", flags->preview_every,
                   "Steps from one to the next, 1..100000 (default: 5 % of\n--iterations; every 10 where the "
                   "preset decides those)")
      ->type_name("N")
      ->check(CLI::Range(1, 100000).description(""))
      ->needs(preview_dir)
      ->group(outputs);

  const char* const job = "The job";
  CLI::Option* const detach =
      command
          ->add_flag(
              "--detach", flags->detach,
              "Print the job's name once it is accepted, and leave it to\nitself: `impasto jobs` looks "
              "after it. The result is a PNG")
          ->group(job);
  for (const char* const option : {"--loss-csv", "--preview-dir", "--keep-on-interrupt", "--events"}) {
    detach->excludes(command->get_option(option));
  }
  command
      ->add_flag(
          "--estimate", flags->estimate,
          "Start nothing; print the memory that it would take. The\nexit status is 0 if it fits, else 1")
      ->excludes(detach)
      ->group(job);
  AddPriorityOption(
      command, &flags->priority,
      "Whose turn comes how often where jobs share the device,\n16 to 4 to 1 (default: interactive "
      "on a terminal, where\nsomebody waits; normal elsewhere and with --detach)")
      ->group(job);
  command->add_option("--name", flags->name, "For lists of jobs, up to 200 characters")
      ->type_name("TEXT")
      ->group(job);
  command
      ->add_option(
          "--request-id", flags->request_id,
          "1..64 of A-Z a-z 0-9 - _: a second request with it starts\nnothing and gets the first one's "
          "job (default: a random one)")
      ->type_name("ID")
      ->group(job);

  AddServerOptions(command, flags);
  AddReconnectOption(command, flags);
}

}  // namespace impasto::cli
