package org.impasto.example;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.impasto.v1.Picture;
import org.impasto.v1.RawPixels;
import org.impasto.v1.StylizationGrpc;
import org.impasto.v1.UploadPictureRequest;
import org.impasto.v1.UploadPictureResponse;

/** A picture on its way to the server, in parts, as fast as the connection takes them. */
final class Upload implements ClientResponseObserver<UploadPictureRequest, UploadPictureResponse> {
  private static final int PART_BYTES = 1 << 20;

  private final CompletableFuture<String> name = new CompletableFuture<>();
  private final ByteString data;
  private RawPixels layout; // to be sent first
  private int sent;
  private boolean done;
  private ClientCallStreamObserver<UploadPictureRequest> server;

  private Upload(Picture picture) {
    if (picture.hasRaw()) {
      data = picture.getRaw().getData();
      layout = picture.getRaw().toBuilder().clearData().build();
    } else {
      data = picture.getEncoded();
    }
  }

  static Picture send(StylizationGrpc.StylizationStub stub, Picture picture) {
    Upload upload = new Upload(picture);
    stub.uploadPicture(upload);
    try {
      return Picture.newBuilder().setUpload(upload.name.join()).build();
    } catch (CompletionException error) {
      throw error.getCause() instanceof StatusRuntimeException status ? ImpastoException.of(status) : error;
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<UploadPictureRequest> server) {
    this.server = server;
    server.setOnReadyHandler(this::sendMore);
  }

  // gRPC calls it in one thread at a time.
  private void sendMore() {
    while (server.isReady() && !done) {
      if (layout != null) {
        server.onNext(UploadPictureRequest.newBuilder().setRaw(layout).build());
        layout = null;
      } else if (sent < data.size()) {
        int end = Math.min(data.size(), sent + PART_BYTES);
        server.onNext(UploadPictureRequest.newBuilder().setData(data.substring(sent, end)).build());
        sent = end;
      } else {
        done = true;
        server.onCompleted();
      }
    }
  }

  @Override
  public void onNext(UploadPictureResponse answer) {
    name.complete(answer.getName());
  }

  // Also where the server refuses the picture before it has all of it.
  @Override
  public void onError(Throwable error) {
    done = true;
    name.completeExceptionally(error);
  }

  @Override
  public void onCompleted() {}
}
