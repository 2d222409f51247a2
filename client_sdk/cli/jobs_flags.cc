#include "cli/jobs_flags.h"

#include <CLI/CLI.hpp>

#include "cli/priority.h"

namespace impasto::cli {
namespace {

constexpr char kJobHelp[] =
    "jobs/ID, ID, the first 4 or more characters of an ID, or last: the\nnewest one of this user and machine";

CLI::App* AddCommand(CLI::App* jobs, const std::string& name, const std::string& help, JobsFlags* flags) {
  CLI::App* const command = jobs->add_subcommand(name, help);
  command->callback([flags, name] { flags->command = name; });
  return command;
}

CLI::App* AddJobCommand(CLI::App* jobs, const std::string& name, const std::string& help, JobsFlags* flags) {
  CLI::App* const command = AddCommand(jobs, name, help, flags);
  command->add_option("JOB", flags->jobs, kJobHelp)->type_name("")->required()->expected(1);
  return command;
}

CLI::App* AddManyJobsCommand(CLI::App* jobs, const std::string& name, const std::string& help,
                             JobsFlags* flags) {
  CLI::App* const command = AddCommand(jobs, name, help, flags);
  command->add_option("JOB", flags->jobs, kJobHelp)->type_name("")->required();
  AddServerOptions(command, flags);
  return command;
}

void AddUpdateOptions(CLI::App* command, JobUpdateFlags* update) {
  const char* const recipe = "From the next step on";
  command->add_option("--content-weight", update->content_weight, "Factor of the content loss, 0..1e15")
      ->type_name("W")
      ->group(recipe);
  command->add_option("--style-weight", update->style_weight, "Factor of the style loss, above 0, up to 1e15")
      ->type_name("W")
      ->group(recipe);
  command->add_option("--tv-weight", update->tv_weight, "Factor of the total variation, 0..1e15")
      ->type_name("W")
      ->group(recipe);
  command
      ->add_option("--learning-rate", update->learning_rate, "Adam's step, grey levels, above 0, up to 255")
      ->type_name("RATE")
      ->group(recipe);
  command->add_option("--iterations", update->iterations, "Steps in all, those made and up to 100000")
      ->type_name("N")
      ->group(recipe);
  command
      ->add_option("--content-layer", update->content_layers,
                   "The weight of a content layer that the job has, 0..1e12.\nRepeatable; others keep theirs")
      ->type_name("NAME=W")
      ->allow_extra_args(false)
      ->group(recipe);
  command->add_option("--style-layer", update->style_layers, "The same of a style layer")
      ->type_name("NAME=W")
      ->allow_extra_args(false)
      ->group(recipe);
  command
      ->add_option("--style-picture-weight", update->style_picture_weights,
                   "Share of the first STYLE, then of the second, ...:\n0..1e6, one for each")
      ->type_name("W")
      ->allow_extra_args(false)
      ->group(recipe);
  const char* const job = "The job";
  command
      ->add_option("--preview-every", update->preview_every,
                   "Steps from one preview to the next, 0..100000; 0: none")
      ->type_name("N")
      ->check(CLI::Range(0, 100000).description(""))
      ->group(job);
  AddPriorityOption(command, &update->priority, "Whose turn comes how often where jobs share the device")
      ->group(job);
  command->add_option("--name", update->name, "For lists of jobs, up to 200 characters")
      ->type_name("TEXT")
      ->group(job);
  CLI::Option* const detach =
      command->add_flag("--detach", update->detach, "It goes on when nobody watches it")->group(job);
  command
      ->add_flag("--attach", update->attach,
                 "It is set aside, and cancelled after a while, when nobody\nwatches it")
      ->excludes(detach)
      ->group(job);
}

}  // namespace

CLI::App* AddJobsCommands(CLI::App* app, JobsFlags* flags) {
  CLI::App* const jobs = app->add_subcommand("jobs", "The server's jobs: list, show, watch, update, ...");
  jobs->require_subcommand(1);

  CLI::App* const list = AddCommand(jobs, "list", "The newest 20 jobs, and all that haven't ended", flags);
  list->add_option(
          "--filter", flags->filter,
          "Only these: 'state = RUNNING AND recipe.model = \"models/vgg19\"',\n'client = \"cli-*\"', ... "
          "(google.aip.dev/160)")
      ->type_name("F");
  list->add_option(
          "--order", flags->order,
          "By these fields: 'priority, create_time desc'; without --all the\nfirst 20 (default: the newest "
          "first)")
      ->type_name("O");
  list->add_flag("--all", flags->all, "All jobs");
  list->add_flag("--json", flags->json, "As JSON: an impasto.v1.ListJobsResponse");
  AddServerOptions(list, flags);

  CLI::App* const show = AddJobCommand(jobs, "show", "One job, its recipe and what was changed", flags);
  show->add_flag("--json", flags->json, "As JSON: an impasto.v1.Job");
  AddServerOptions(show, flags);

  CLI::App* const watch =
      AddJobCommand(jobs, "watch", "Attach to a job: show its progress, write its result at the end", flags);
  watch
      ->add_option("-o,--output", flags->output,
                   "The result; its extension has to be that of the job's format")
      ->type_name("OUT");
  AddOutputOptions(watch, "What is written", flags);
  AddServerOptions(watch, flags);
  AddReconnectOption(watch, flags);

  AddManyJobsCommand(jobs, "pause", "Set jobs aside until they are resumed", flags);
  AddManyJobsCommand(jobs, "resume", "Let paused jobs go on", flags);
  AddManyJobsCommand(jobs, "cancel", "Stop jobs", flags);
  CLI::App* const rm =
      AddManyJobsCommand(jobs, "rm", "Forget jobs that have ended, and their results", flags);
  rm->add_flag("--force", flags->force, "Cancel those that haven't ended");

  CLI::App* const update = AddJobCommand(jobs, "update", "Change a job while it runs", flags);
  AddUpdateOptions(update, &flags->update);
  AddServerOptions(update, flags);

  CLI::App* const result = AddJobCommand(jobs, "result", "Fetch the result of a job", flags);
  result
      ->add_option("-o,--output", flags->output,
                   "The result; its extension has to be that of the job's format")
      ->type_name("OUT")
      ->required();
  result->add_flag("--wait", flags->wait_for_end,
                   "Wait for a job that hasn't ended; without it the exit status is 1");
  AddServerOption(result, flags);
  AddReconnectOption(result, flags);
  return jobs;
}

}  // namespace impasto::cli
