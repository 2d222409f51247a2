package org.impasto.example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A call's end that isn't OK, with the details that an Impasto server sends along. The message is the server's own. */
public final class ImpastoException extends RuntimeException {
  private final Status.Code code;
  private String field = "";
  private String reason = "";
  private Map<String, String> facts = Map.of();
  private Duration retryAfter = Duration.ZERO;

  public ImpastoException(Status.Code code, String message) {
    super(message);
    this.code = code;
  }

  /** Of a gRPC call; its details travel in the call's trailing metadata. */
  static ImpastoException of(StatusRuntimeException error) {
    com.google.rpc.Status.Builder status = StatusProto.fromThrowable(error).toBuilder();
    if (error.getStatus().getCode() == Status.Code.UNKNOWN && hasBroken(error.getStatus().getCause())) {
      // So says gRPC where the connection breaks while a request is being written.
      status.setCode(Status.Code.UNAVAILABLE.value());
    }
    status.setMessage(words(error.getStatus()));
    ImpastoException converted = of(status.build());
    converted.initCause(error);
    return converted;
  }

  private static boolean hasBroken(Throwable cause) {
    return cause != null && (cause instanceof IOException || hasBroken(cause.getCause()));
  }

  /** With those of its causes: "io exception" alone would tell nobody anything. */
  private static String words(Status status) {
    List<String> words = new ArrayList<>();
    words.add(status.getDescription());
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      words.add(cause.getMessage());
    }
    return words.stream().filter(Objects::nonNull).collect(Collectors.joining(": "));
  }

  /** Of a google.rpc.Status, such as Finished.error. */
  static ImpastoException of(com.google.rpc.Status status) {
    ImpastoException error =
        new ImpastoException(Status.fromCodeValue(status.getCode()).getCode(), status.getMessage());
    try {
      for (Any detail : status.getDetailsList()) {
        error.add(detail);
      }
    } catch (InvalidProtocolBufferException unreadable) {
      error.addSuppressed(unreadable); // code and words are there all the same
    }
    return error;
  }

  /** The same, told of a field of the caller's request, where the server speaks of the upload that its picture was sent by. */
  ImpastoException inField(String ofRequest) {
    if (field.isEmpty()) {
      return this;
    }
    ImpastoException told = new ImpastoException(code, ofRequest + ": " + getMessage().replaceFirst("^\\Q" + field + "\\E: ", ""));
    told.field = ofRequest;
    told.reason = reason;
    told.facts = facts;
    told.retryAfter = retryAfter;
    told.initCause(this);
    return told;
  }

  private void add(Any detail) throws InvalidProtocolBufferException {
    // Details of other kinds may come with later servers.
    if (detail.is(BadRequest.class)) {
      BadRequest request = detail.unpack(BadRequest.class);
      field = request.getFieldViolationsCount() > 0 ? request.getFieldViolations(0).getField() : "";
    } else if (detail.is(ErrorInfo.class)) {
      ErrorInfo info = detail.unpack(ErrorInfo.class);
      reason = info.getReason();
      facts = new TreeMap<>(info.getMetadataMap());
    } else if (detail.is(RetryInfo.class)) {
      var delay = detail.unpack(RetryInfo.class).getRetryDelay();
      retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
    }
  }

  public Status.Code code() {
    return code;
  }

  /** The request's field at fault, "recipe.iterations", or empty. */
  public String field() {
    return field;
  }

  /** For programs (google.rpc.ErrorInfo). */
  public String reason() {
    return reason;
  }

  /** For programs (google.rpc.ErrorInfo). */
  public Map<String, String> facts() {
    return facts;
  }

  /** When to try again; zero: the server doesn't say. */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** What else the user may want to know, a line each. */
  public List<String> hints() {
    List<String> hints = new ArrayList<>();
    facts.forEach((key, value) -> hints.add(key + " = " + value));
    if (!retryAfter.isZero()) {
      hints.add("try again in " + retryAfter.toMillis() / 1000.0 + " s");
    }
    return hints;
  }
}
