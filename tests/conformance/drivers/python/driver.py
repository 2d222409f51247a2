"""The conformance driver of the Python package's blocking client."""

import cases

import impasto  # isort: skip  # where cases.py has found it


def send(client, described):
    """A picture as an argument of `start`."""
    picture, upload = cases.picture(described)
    return client.upload(picture) if upload else picture


def run(command, answer):
    with impasto.Client(**cases.client_arguments(command)) as client:
        job = client.start(
            send(client, command["content"]),
            [send(client, style) for style in command["styles"]],
            initial=send(client, command["initial"]) if "initial" in command else None,
            **cases.start_arguments(command["request"]),
        )
        for event in job:
            answer.take(event)
            if isinstance(event, impasto.Accepted) and command["action"] == "slow":
                client.job(job.name).result()  # the end of another stream of its events is its end
            wanted = command.get("after") if command["action"] == "cancel" else None
            if isinstance(event, impasto.Progress) and event.iteration == wanted:
                job.cancel()


for command in cases.commands():
    answer = cases.Answer(command)
    try:
        run(command, answer)
    except impasto.ImpastoError as error:
        answer.fail(error)
    print(answer.line(), flush=True)
