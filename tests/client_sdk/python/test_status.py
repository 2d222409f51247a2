"""Every status becomes its exception, with all that the server said."""

import pickle
import unittest

import impasto
from impasto import Code, _wire
from impasto._status import from_status

CLASSES = {
    "CANCELLED": impasto.Cancelled,
    "UNKNOWN": impasto.ImpastoError,
    "INVALID_ARGUMENT": impasto.InvalidArgument,
    "DEADLINE_EXCEEDED": impasto.DeadlineExceeded,
    "NOT_FOUND": impasto.NotFound,
    "ALREADY_EXISTS": impasto.ImpastoError,
    "PERMISSION_DENIED": impasto.PermissionDenied,
    "RESOURCE_EXHAUSTED": impasto.ResourceExhausted,
    "FAILED_PRECONDITION": impasto.FailedPrecondition,
    "ABORTED": impasto.ImpastoError,
    "OUT_OF_RANGE": impasto.OutOfRange,
    "UNIMPLEMENTED": impasto.ImpastoError,
    "INTERNAL": impasto.Internal,
    "UNAVAILABLE": impasto.Unavailable,
    "DATA_LOSS": impasto.ImpastoError,
    "UNAUTHENTICATED": impasto.Unauthenticated,
}


def status(code=3, message="words", details=()):
    packed = [
        {"type_url": f"type.googleapis.com/{detail.DESCRIPTOR.full_name}", "value": detail.SerializeToString()}
        for detail in details
    ]
    return _wire.message("google.rpc.Status")(code=code, message=message, details=packed)


class StatusTest(unittest.TestCase):
    def test_a_class_for_every_code(self):
        for name, expected in CLASSES.items():
            error = from_status(status(Code[name], "the server's words"))
            self.assertIs(type(error), expected, name)
            self.assertIs(error.code, Code[name])
            self.assertEqual(str(error), "the server's words")
        self.assertEqual({code.name for code in Code} - {"OK"}, set(CLASSES))

    def test_an_unknown_code(self):
        error = from_status(status(77, "odd"))
        self.assertIs(error.code, Code.UNKNOWN)
        self.assertEqual(str(error), "odd (status code 77)")

    def test_field_reason_facts_and_time(self):
        error = from_status(
            status(
                8,
                details=[
                    _wire.message("google.rpc.ErrorInfo")(
                        reason="TOO_LARGE", domain="impasto", metadata={"largest_max_size": "900"}
                    ),
                    _wire.message("google.rpc.BadRequest")(field_violations=[{"field": "recipe.max_size"}]),
                    _wire.message("google.rpc.RetryInfo")(retry_delay={"seconds": 2, "nanos": 500_000_000}),
                ],
            )
        )
        self.assertEqual(error.reason, "TOO_LARGE")
        self.assertEqual(error.facts, {"largest_max_size": "900"})
        self.assertEqual(error.field, "recipe.max_size")
        self.assertEqual(error.retry_after, 2.5)

    def test_without_details(self):
        error = from_status(status())
        self.assertEqual((error.field, error.reason, error.facts, error.retry_after), ("", "", {}, None))

    def test_broken_and_foreign_details_are_passed_over(self):
        message = status()
        message.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff\xff")
        message.details.add(type_url="type.googleapis.com/google.rpc.Help", value=b"")
        message.details.add(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"")
        error = from_status(message)
        self.assertEqual((error.field, error.reason, str(error)), ("", "", "words"))

    def test_a_negative_delay_is_none_to_wait_for(self):
        error = from_status(status(14, details=[_wire.message("google.rpc.RetryInfo")(retry_delay={"seconds": -9})]))
        self.assertEqual(error.retry_after, 0.0)

    def test_idioms_of_python(self):
        self.assertTrue(issubclass(impasto.InvalidArgument, ValueError))
        self.assertTrue(issubclass(impasto.NotFound, LookupError))

    def test_errors_can_be_pickled(self):
        error = impasto.NotFound("gone", field="name", reason="R", facts={"a": "b"}, retry_after=1.0)
        copy = pickle.loads(pickle.dumps(error))
        self.assertIs(type(copy), impasto.NotFound)
        self.assertEqual(vars(copy), vars(error))
        self.assertEqual(str(copy), "gone")


if __name__ == "__main__":
    unittest.main()
