"""The conformance driver of the Python package's client for asyncio."""

import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.environ["IMPASTO_SOURCE"], "tests", "conformance", "drivers", "python"))

import cases  # noqa: E402

import impasto  # noqa: E402  # isort: skip  # where cases.py has found it


async def send(client, described):
    """A picture as an argument of `start`."""
    picture, upload = cases.picture(described)
    return await client.upload(picture) if upload else picture


async def run(command, answer):
    async with impasto.aio.Client(**cases.client_arguments(command)) as client:
        job = await client.start(
            await send(client, command["content"]),
            [await send(client, style) for style in command["styles"]],
            initial=await send(client, command["initial"]) if "initial" in command else None,
            **cases.start_arguments(command["request"]),
        )
        async for event in job:
            answer.take(event)
            if isinstance(event, impasto.Accepted) and command["action"] == "slow":
                await client.job(job.name).result()  # the end of another stream of its events is its end
            wanted = command.get("after") if command["action"] == "cancel" else None
            if isinstance(event, impasto.Progress) and event.iteration == wanted:
                await job.cancel()


async def main():
    for command in cases.commands():
        answer = cases.Answer(command)
        try:
            await run(command, answer)
        except impasto.ImpastoError as error:
            answer.fail(error)
        print(answer.line(), flush=True)


asyncio.run(main())
