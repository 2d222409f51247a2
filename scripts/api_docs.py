#!/usr/bin/env python3
"""Writes docs/api from protos/impasto/v1: a page for each service, and one for each file of messages that services share.

  api_docs.py          writes the pages
  api_docs.py --check  writes nothing; exits with 1 where a page isn't what the .proto files and the examples say

The words are the .proto files' own comments. Examples are in docs/api/examples.json, by method, as proto3 JSON; each is read as the
message that it stands for, so that one that no longer fits the API is an error. Needs protoc, python3-protobuf and .deps/googleapis.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
API = os.path.join(ROOT, "protos", "impasto", "v1")
DOCS = os.path.join(ROOT, "docs", "api")
EXAMPLES = os.path.join(DOCS, "examples.json")
PACKAGE = "impasto.v1"

# Where the messages of other packages are explained.
WELL_KNOWN = "https://protobuf.dev/reference/protobuf/google.protobuf/#"
ERROR_MODEL = "https://google.aip.dev/193"

SCALARS = {
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
}
# Numbers of a descriptor's parts within their parents, in the paths of SourceCodeInfo (google/protobuf/descriptor.proto).
MESSAGE, ENUM, SERVICE, FIELD, NESTED, NESTED_ENUM, VALUE, METHOD = 4, 5, 6, 2, 3, 4, 2, 2


class Api:
    """The API as protoc reads it."""

    def __init__(self):
        names = sorted(name for name in os.listdir(API) if name.endswith(".proto"))
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(
                ["protoc", "-I", os.path.join(ROOT, "protos"), "-I", os.path.join(ROOT, ".deps", "googleapis"),
                 "--include_imports", "--include_source_info", f"--descriptor_set_out={out.name}"]
                + [f"impasto/v1/{name}" for name in names] + ["google/rpc/error_details.proto"],
                check=True)
            data = out.read()
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
            self.pool.AddSerializedFile(file.SerializeToString())
        self.factory = message_factory.MessageFactory(self.pool)
        # Options are extensions: only messages of the pool that knows those can read them.
        self.behavior = self.pool.FindExtensionByName("google.api.field_behavior")
        self.factory.GetPrototype(self.behavior.containing_type)
        file_set = self.factory.GetPrototype(self.pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
        files = file_set.FromString(data)
        self.files = [file for file in files.file if file.package == PACKAGE]
        # Where each type is explained: full name to page.
        self.page_of = {}
        for file in self.files:
            for name in type_names(file):
                self.page_of[f"{PACKAGE}.{name}"] = page_name(file)

    def message_class(self, full_name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(full_name))


def page_name(file):
    return os.path.basename(file.name)[: -len(".proto")] + ".md"


def type_names(file):
    """The names of all messages and enums, within the package: "Job", "Job.State"."""

    def nested(name, message):
        yield name
        for enum in message.enum_type:
            yield f"{name}.{enum.name}"
        for inner in message.nested_type:
            yield from nested(f"{name}.{inner.name}", inner)

    for message in file.message_type:
        yield from nested(message.name, message)
    for enum in file.enum_type:
        yield enum.name


class Comments:
    """What a file says of its parts, by their paths."""

    def __init__(self, file):
        self.by_path = {tuple(location.path): location.leading_comments for location in file.source_code_info.location}

    def paragraphs(self, path):
        text = self.by_path.get(tuple(path), "")
        return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]

    def line(self, path):
        return " ".join(self.paragraphs(path))


def escape(text):
    """A comment as a cell of a table, and its placeholders as text."""
    return re.sub(r"([|*<>])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"\\\1", text)


def anchor(name):
    return name.lower().replace(".", "")


def type_link(api, page, full_name):
    full_name = full_name.lstrip(".")
    if full_name.startswith(PACKAGE + "."):
        name = full_name[len(PACKAGE) + 1 :]
        target = api.page_of[full_name]
        return f"[{name}]({'' if target == page else target}#{anchor(name)})"
    short = full_name.rsplit(".", 1)[1]
    if full_name.startswith("google.protobuf."):
        return f"[{short}]({WELL_KNOWN}{short.lower()})"
    return f"[{full_name}]({ERROR_MODEL})"


def type_text(api, page, field):
    if field.type in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_ENUM):
        text = type_link(api, page, field.type_name)
    else:
        text = SCALARS[field.type]
    if field.label == FieldDescriptor.LABEL_REPEATED:
        return f"repeated {text}"
    return f"optional {text}" if field.proto3_optional else text


def flags(api, field):
    names = {2: "**required**", 3: "output only"}
    found = [names[value] for value in field.options.Extensions[api.behavior] if value in names]
    return f" ({', '.join(found)})" if found else ""


def message_section(api, page, comments, path, name, message):
    lines = [f"### {name}", "", *join(comments.paragraphs(path))]
    if message.field:
        lines += ["| field | type | |", "|---|---|---|"]
        for index, field in enumerate(message.field):
            words = comments.line([*path, FIELD, index])
            if field.HasField("oneof_index") and not field.proto3_optional:
                one_of = message.oneof_decl[field.oneof_index].name
                words = f"One of `{one_of}`. {words}"
            lines.append(f"| `{field.name}` | {type_text(api, page, field)}{flags(api, field)} | {escape(words)} |")
        lines.append("")
    return lines


def enum_section(comments, path, name, enum):
    lines = [f"### {name}", "", *join(comments.paragraphs(path)), "| value | number | |", "|---|---|---|"]
    for index, value in enumerate(enum.value):
        lines.append(f"| `{value.name}` | {value.number} | {escape(comments.line([*path, VALUE, index]))} |")
    return [*lines, ""]


def type_sections(api, page, file, comments):
    lines = []

    def message(path, name, descriptor):
        lines.extend(message_section(api, page, comments, path, name, descriptor))
        for index, enum in enumerate(descriptor.enum_type):
            lines.extend(enum_section(comments, [*path, NESTED_ENUM, index], f"{name}.{enum.name}", enum))
        for index, inner in enumerate(descriptor.nested_type):
            message([*path, NESTED, index], f"{name}.{inner.name}", inner)

    for index, descriptor in enumerate(file.message_type):
        message([MESSAGE, index], descriptor.name, descriptor)
    for index, enum in enumerate(file.enum_type):
        lines.extend(enum_section(comments, [ENUM, index], enum.name, enum))
    return lines


def join(paragraphs):
    return [line for paragraph in paragraphs for line in (escape(paragraph), "")]


def method_words(paragraphs):
    """What a method does, and then its errors, one a line: comments give them as "CODE: when; CODE, CODE: when"."""
    lines = []
    for paragraph in paragraphs:
        words, *errors = re.split(r"(?:^|(?<=[.;]) )(?=[A-Z][A-Z_]{6,}(?:, [A-Z_]{7,})*: )", paragraph)
        lines += [escape(words), ""] if words else []
        for error in errors:
            code, when = error.split(": ", 1)
            lines.append(f"- {code}: {escape(when.rstrip(';.'))}.")
        lines += [""] if errors else []
    return lines


def json_block(api, full_name, value, where):
    """An example as text, once it has been read as the message that it stands for."""
    try:
        json_format.ParseDict(value, api.message_class(full_name.lstrip("."))(), descriptor_pool=api.pool)
    except json_format.ParseError as error:
        raise SystemExit(f"api_docs: {EXAMPLES}: {where}: {error}") from error
    return json_text(value)


def json_text(value, indent=""):
    """Short things on one line, long ones with a line a part."""
    line = json.dumps(value)
    if len(indent + line) <= 100 or not isinstance(value, (dict, list)):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        parts, brackets = [inner + json_text(item, inner) for item in value], "[]"
    else:
        parts, brackets = [f"{inner}{json.dumps(key)}: {json_text(item, inner)}" for key, item in value.items()], "{}"
    return brackets[0] + "\n" + ",\n".join(parts) + "\n" + indent + brackets[1]


def example_lines(api, service, method, examples):
    lines = []
    for example in examples:
        where = f"{service.name}.{method.name}"
        lines += [example["title"], "", "```json"]
        requests = example["request"] if method.client_streaming else [example["request"]]
        lines += [json_block(api, method.input_type, request, where) for request in requests]
        if "error" in example:
            lines += ["```", "", "is answered with", "", "```json"]
            lines.append(json_block(api, ".google.rpc.Status", example["error"], where))
        elif "answer" in example:
            lines += ["```", "", "is answered with", "", "```json"]
            answers = example["answer"] if method.server_streaming else [example["answer"]]
            lines += [json_block(api, method.output_type, answer, where) for answer in answers]
        lines += ["```", ""]
    return lines


def client_lines(calls):
    return [" · ".join(f"{language}: `{call}`" for language, call in calls.items()), ""] if calls else []


def service_sections(api, page, comments, file, examples):
    lines = []
    for service_index, service in enumerate(file.service):
        lines += join(comments.paragraphs([SERVICE, service_index]))
        for index, method in enumerate(service.method):
            entry = examples.pop(f"{service.name}.{method.name}", {})
            taken = "a stream of " * method.client_streaming + type_link(api, page, method.input_type)
            given = "a stream of " * method.server_streaming + type_link(api, page, method.output_type)
            lines += [f"## {method.name}", "", f"Takes {taken}, answers {given}.", ""]
            lines += method_words(comments.paragraphs([SERVICE, service_index, METHOD, index]))
            lines += client_lines(entry.get("clients", {}))
            lines += example_lines(api, service, method, entry.get("examples", []))
    return lines


def page_text(api, file, examples):
    page = page_name(file)
    comments = Comments(file)
    title = file.service[0].name if file.service else page[: -len(".md")].capitalize()
    lines = [f"# {title}", "", f"From [{file.name}](../../protos/{file.name}); written by scripts/api_docs.py.", ""]
    if file.service:
        lines += service_sections(api, page, comments, file, examples)
        lines += ["## Messages", ""]
    lines += type_sections(api, page, file, comments)
    return "\n".join(lines).rstrip() + "\n"


def index_text(api, intro):
    lines = [intro.rstrip(), "", "| service | method | |", "|---|---|---|"]
    for file in api.files:
        comments = Comments(file)
        for service_index, service in enumerate(file.service):
            for index, method in enumerate(service.method):
                words = comments.line([SERVICE, service_index, METHOD, index])
                first = re.match(r".*?\.(?= |$)", words).group(0)
                link = f"[{method.name}]({page_name(file)}#{anchor(method.name)})"
                lines.append(f"| [{service.name}]({page_name(file)}) | {link} | {escape(first)} |")
    lines += ["", "Messages that services share:", ""]
    for file in api.files:
        if not file.service:
            names = ", ".join(f"[{message.name}]({page_name(file)}#{anchor(message.name)})" for message in file.message_type)
            lines.append(f"- [{page_name(file)}]({page_name(file)}): {names}")
    return "\n".join(lines) + "\n"


def pages():
    """File name to contents, of all that is in docs/api but examples.json."""
    api = Api()
    with open(EXAMPLES, encoding="utf-8") as file:
        examples = json.load(file)
    intro = "\n".join(examples.pop("intro"))
    made = {page_name(file): page_text(api, file, examples) for file in api.files}
    if examples:
        raise SystemExit(f"api_docs: {EXAMPLES}: no such method: {', '.join(sorted(examples))}")
    made["README.md"] = index_text(api, intro)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="say which pages are stale, and write none")
    check = parser.parse_args().check
    made = pages()
    there = {name for name in os.listdir(DOCS) if name.endswith(".md")}
    stale = sorted(there - made.keys())
    for name, text in made.items():
        path = os.path.join(DOCS, name)
        if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
            stale.append(name)
            if not check:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
    if check and stale:
        print(f"api_docs: stale: {', '.join(stale)}; run scripts/api_docs.py", file=sys.stderr)
        return 1
    if not check:
        for name in there - made.keys():
            os.remove(os.path.join(DOCS, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
