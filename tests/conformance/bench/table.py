"""The table of cases: cases.json, with the defaults put in."""

import json

_ACTIONS = ("run", "cancel", "slow")


class Table:
    """`cases` by name, in the table's order; `groups` of (title, cases); `pictures` and `servers` as written."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            table = json.load(file)
        self.pictures = table["pictures"]
        self.servers = table["servers"]
        self.groups = [
            (group["title"], [_complete(case, table["defaults"]) for case in group["cases"]])
            for group in table["groups"]
        ]
        self.cases = {}
        for _, cases in self.groups:
            for case in cases:
                if case["name"] in self.cases:
                    raise ValueError(f"{path}: two cases {case['name']}")
                self.cases[case["name"]] = case
        for case in self.cases.values():
            for other in self.needed(case):
                if other not in self.cases:
                    raise ValueError(f"{path}: {case['name']} needs {other}, which isn't there")
        self.capabilities = sorted({need for case in self.cases.values() for need in case["needs"]})

    @staticmethod
    def needed(case):
        """The cases whose outcome this one is held against."""
        expect = case["expect"]
        keys = ("same_as", "differs_from", "pixels_of", "same_job_as")
        names = [case.get("recipe_of"), case.get("after_case"), *(expect.get(key) for key in keys)]
        return [name for name in names if name]

    def choose(self, names):
        """The named cases and what they need, in the table's order."""
        wanted, found = list(names), set()
        while wanted:
            name = wanted.pop()
            if name not in self.cases:
                raise ValueError(f"{name}: no such case")
            if name not in found:
                found.add(name)
                wanted += self.needed(self.cases[name])
        # Held against one that comes later in the table: that one is run first.
        order = []

        def place(name):
            if name not in order:
                for other in self.needed(self.cases[name]):
                    place(other)
                order.append(name)

        for name in self.cases:
            if name in found:
                place(name)
        return [self.cases[name] for name in order]


def _complete(case, defaults):
    case = {**{key: value for key, value in defaults.items() if key not in ("recipe", "expect")}, "needs": [], **case}
    case.setdefault("action", "run")
    if case["action"] not in _ACTIONS:
        raise ValueError(f"{case['name']}: action {case['action']}")
    request = dict(case.get("request", {}))
    if "recipe_of" not in case:
        request["recipe"] = {**defaults["recipe"], **case.get("recipe", {})}
    case["request"] = request
    expect = case.get("expect", {})
    if expect.get("code", "OK") == "OK":
        expect = {
            **defaults["expect"],
            **expect,
            "result": {**defaults["expect"]["result"], **expect.get("result", {})},
        }
    case["expect"] = expect
    return case
