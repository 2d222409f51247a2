package org.impasto.example;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.impasto.v1.ApiRevision;
import org.impasto.v1.CancelJobRequest;
import org.impasto.v1.GetJobRequest;
import org.impasto.v1.GetServerInfoRequest;
import org.impasto.v1.Job;
import org.impasto.v1.Picture;
import org.impasto.v1.ServerGrpc;
import org.impasto.v1.ServerInfo;
import org.impasto.v1.StylizationGrpc;
import org.impasto.v1.StylizeRequest;

/**
 * A client of an Impasto server.
 *
 * <pre>{@code
 * try (var client = ImpastoClient.connect(Options.fromEnvironment()); var painting = client.stylize(request)) {
 *   painting.forEachRemaining(event -> ...);
 * }
 * }</pre>
 *
 * Requests are the API's own messages: protos/impasto/v1 says what each field means, its unit and its range. What fails, fails with an
 * {@link ImpastoException}. Safe for use by several threads.
 */
public final class ImpastoClient implements AutoCloseable {
  private static final Duration SHORT_CALL = Duration.ofSeconds(10);
  private static final Pattern LOCAL = Pattern.compile("unix:.+|(127(\\.\\d+){3}|localhost|\\[::1]):\\d+");

  /**
   * Which server, and who asks.
   *
   * @param address HOST:PORT or unix:PATH
   * @param token what the server's owner gave you, or empty
   * @param tlsCa a PEM file of root certificates; it turns TLS on
   * @param name what this client calls itself, or empty: a server shares its device fairly between names
   * @param connectTimeout for the server's first answer
   * @param reattachTimeout for how long a broken connection is tried again
   */
  public record Options(
      String address,
      String token,
      Optional<Path> tlsCa,
      String name,
      Duration connectTimeout,
      Duration reattachTimeout) {
    /** IMPASTO_SERVER, IMPASTO_TOKEN and IMPASTO_TLS_CA. */
    public static Options fromEnvironment() {
      return new Options(
          environment("IMPASTO_SERVER").orElse("127.0.0.1:50451"),
          environment("IMPASTO_TOKEN").orElse(""),
          environment("IMPASTO_TLS_CA").map(Path::of),
          "",
          Duration.ofSeconds(5),
          Duration.ofMinutes(1));
    }

    private static Optional<String> environment(String name) {
      return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isEmpty());
    }
  }

  private final Options options;
  private final ManagedChannel channel;
  private final Metadata metadata = new Metadata();
  private long maxRequestBytes;

  /** Connects, and makes sure that the two understand each other. */
  public static ImpastoClient connect(Options options) throws IOException {
    ImpastoClient client = new ImpastoClient(options);
    try {
      client.maxRequestBytes =
          client.checkServer(options.connectTimeout(), /* waitForReady= */ false).getMaxRequestBytes();
      return client;
    } catch (ImpastoException error) {
      client.close();
      throw error;
    }
  }

  private ImpastoClient(Options options) throws IOException {
    this.options = options;
    if (!options.token().isEmpty() && options.tlsCa().isEmpty() && !LOCAL.matcher(options.address()).matches()) {
      throw new ImpastoException(
          Status.Code.INVALID_ARGUMENT,
          "a token is not sent to "
              + options.address()
              + " over a connection that isn't encrypted: name the server's roots in IMPASTO_TLS_CA");
    }
    put("impasto-client", options.name());
    put("authorization", options.token().isEmpty() ? "" : "Bearer " + options.token());
    ChannelCredentials credentials = InsecureChannelCredentials.create();
    if (options.tlsCa().isPresent()) {
      credentials = TlsChannelCredentials.newBuilder().trustManager(options.tlsCa().get().toFile()).build();
    }
    // A server that goes away without a word is noticed. A job that waits for others is silent for long.
    channel =
        Grpc.newChannelBuilder(options.address(), credentials)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(20, TimeUnit.SECONDS)
            .build();
  }

  /** Paints a picture. Nothing is sent before the first event is asked for. */
  public Painting stylize(StylizeRequest request) {
    return new Painting(this, request);
  }

  /** A picture that several requests use, or that is too large for one: what to give in its place. */
  public Picture upload(Picture picture) {
    return Upload.send(prepared(StylizationGrpc.newStub(channel)), picture);
  }

  /** A job by its name, "jobs/...". */
  public Job getJob(String name) {
    GetJobRequest request = GetJobRequest.newBuilder().setName(name).build();
    return call(() -> withDeadline(stylization(), SHORT_CALL).getJob(request));
  }

  /** Fine where the job has ended. */
  public void cancelJob(String name) {
    CancelJobRequest request = CancelJobRequest.newBuilder().setName(name).build();
    call(() -> withDeadline(stylization(), SHORT_CALL).cancelJob(request));
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  Options options() {
    return options;
  }

  /** Bytes of the pictures of one request, at most. */
  long maxRequestBytes() {
    return maxRequestBytes;
  }

  StylizationGrpc.StylizationBlockingStub stylization() {
    return prepared(StylizationGrpc.newBlockingStub(channel));
  }

  /** Waits for a server that is being started anew; UNAVAILABLE after `timeout`. */
  void awaitServer(Duration timeout) {
    // gRPC itself would try ever less often, up to once in two minutes.
    channel.resetConnectBackoff();
    checkServer(timeout, /* waitForReady= */ true);
  }

  private ServerInfo checkServer(Duration timeout, boolean waitForReady) {
    int revision = apiRevision();
    String address = options.address();
    ServerGrpc.ServerBlockingStub stub = withDeadline(prepared(ServerGrpc.newBlockingStub(channel)), timeout);
    ServerGrpc.ServerBlockingStub patient = waitForReady ? stub.withWaitForReady() : stub;
    ServerInfo info;
    try {
      info = call(() -> patient.getServerInfo(GetServerInfoRequest.getDefaultInstance()));
    } catch (ImpastoException error) {
      switch (error.code()) {
        case UNIMPLEMENTED:
          throw new ImpastoException(
              Status.Code.FAILED_PRECONDITION,
              address + " is no Impasto server, or one older than API revision " + revision + ": update the server");
        case UNAVAILABLE:
        case INTERNAL: // gRPC's own: what answers doesn't speak HTTP/2
          throw new ImpastoException(Status.Code.UNAVAILABLE, "can't reach " + address + ": " + error.getMessage());
        case DEADLINE_EXCEEDED:
          throw new ImpastoException(
              Status.Code.UNAVAILABLE, "no answer from " + address + " within " + timeout.toMillis() / 1000.0 + " s");
        default:
          throw error;
      }
    }
    String server = "the server at " + address + " (impastod " + info.getVersion() + ")";
    if (info.getApiRevision() < revision) {
      throw new ImpastoException(
          Status.Code.FAILED_PRECONDITION,
          String.format(
              "%s speaks revision %d of the API; this client needs %d: update the server",
              server, info.getApiRevision(), revision));
    }
    if (info.getMinClientRevision() > revision) {
      throw new ImpastoException(
          Status.Code.FAILED_PRECONDITION,
          server + " no longer understands this client (revision " + revision + "): update the client");
    }
    return info;
  }

  /** The revision of the API that this program was built from. */
  private static int apiRevision() {
    return ApiRevision.getDescriptor().getValues().stream().mapToInt(value -> value.getNumber()).max().getAsInt();
  }

  private void put(String key, String value) {
    if (!value.isEmpty()) {
      metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
    }
  }

  private <S extends AbstractStub<S>> S prepared(S stub) {
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  private static <S extends AbstractStub<S>> S withDeadline(S stub, Duration timeout) {
    return stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException error) {
      throw ImpastoException.of(error);
    }
  }
}
