package org.impasto.example;

import io.grpc.Status;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/** What becomes of gRPC's own errors. Compiled against the example's jar; exit status 1 and a line where one is wrong. */
public final class ImpastoExceptionTest {
  public static void main(String[] arguments) {
    // A connection that breaks while a request is written: gRPC for Java says UNKNOWN.
    Status broken = Status.UNKNOWN.withDescription("channel closed");
    check(broken.withCause(new ClosedChannelException()), Status.Code.UNAVAILABLE, "channel closed");
    check(
        broken.withCause(new ClosedChannelException().initCause(new IOException("Connection reset by peer"))),
        Status.Code.UNAVAILABLE,
        "channel closed: Connection reset by peer");
    // What a server, or a fault of the program, calls so stays so.
    check(Status.UNKNOWN.withDescription("of the server"), Status.Code.UNKNOWN, "of the server");
    check(broken.withCause(new IllegalStateException("a fault")), Status.Code.UNKNOWN, "channel closed: a fault");
    check(
        Status.UNAVAILABLE.withDescription("io exception").withCause(new IOException("refused")),
        Status.Code.UNAVAILABLE,
        "io exception: refused");
    check(Status.INTERNAL.withCause(new IOException("cut off")), Status.Code.INTERNAL, "cut off");
  }

  private static void check(Status status, Status.Code code, String message) {
    ImpastoException error = ImpastoException.of(status.asRuntimeException());
    if (error.code() != code || !message.equals(error.getMessage())) {
      System.err.println(status + "\n  became " + error.code() + " \"" + error.getMessage() + "\"");
      System.exit(1);
    }
  }
}
