import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.util.JsonFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.impasto.example.Event;
import org.impasto.example.ImpastoClient;
import org.impasto.example.ImpastoException;
import org.impasto.example.Painting;
import org.impasto.v1.Picture;
import org.impasto.v1.RawPixels;
import org.impasto.v1.StylizeRequest;

/** The conformance driver of Java, on the example's client. Run from its source: java -cp stylize.jar Driver.java. */
public final class Driver {
  private final JsonObject command;
  private final JsonObject answer = new JsonObject();
  private final JsonArray iterations = new JsonArray();
  private final JsonArray previews = new JsonArray();
  private int reconnects;

  public static void main(String[] arguments) throws Exception {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      output.println(new Driver(JsonParser.parseString(line).getAsJsonObject()).run());
    }
    System.exit(0); // without waiting for gRPC's threads
  }

  private Driver(JsonObject command) {
    this.command = command;
  }

  private String text(String key) {
    return command.get(key).getAsString();
  }

  private JsonObject run() throws Exception {
    answer.add("case", command.get("case"));
    for (String key : new String[] {"message", "field", "reason", "job"}) {
      answer.addProperty(key, "");
    }
    answer.add("result", JsonNull.INSTANCE);
    answer.add("iterations", iterations);
    answer.add("previews", previews);
    try {
      paint();
      answer.addProperty("code", "OK");
    } catch (ImpastoException error) {
      answer.addProperty("code", error.code().name());
      answer.addProperty("message", error.getMessage());
      answer.addProperty("field", error.field());
      answer.addProperty("reason", error.reason());
    } catch (IOException error) {
      answer.addProperty("code", "UNKNOWN");
      answer.addProperty("message", error.toString());
    }
    answer.addProperty("reconnects", reconnects);
    return answer;
  }

  private void paint() throws IOException, InterruptedException {
    String ca = text("tls_ca");
    var options =
        new ImpastoClient.Options(
            text("address"),
            text("token"),
            ca.isEmpty() ? Optional.empty() : Optional.of(Path.of(ca)),
            text("client"),
            Duration.ofSeconds(5),
            Duration.ofMillis((long) (1000 * command.get("reattach_seconds").getAsDouble())));
    try (var client = ImpastoClient.connect(options);
        var painting = client.stylize(makeRequest(client))) {
      while (painting.hasNext()) {
        take(client, painting, painting.next());
      }
    }
  }

  private void take(ImpastoClient client, Painting painting, Event event) throws IOException, InterruptedException {
    if (event instanceof Event.Accepted accepted) {
      String job = accepted.message().getJob();
      answer.addProperty("job", job);
      while (text("action").equals("slow") && !client.getJob(job).hasEndTime()) {
        Thread.sleep(20);
      }
    } else if (event instanceof Event.Progress progress) {
      iterations.add(progress.message().getIteration());
      if (text("action").equals("cancel") && iterations.size() == command.get("after").getAsInt()) {
        painting.cancel();
      }
    } else if (event instanceof Event.Preview preview) {
      previews.add(preview.iteration());
    } else if (event instanceof Event.Result result) {
      var header = result.picture().header();
      Files.write(Path.of(text("out")), result.picture().data().toByteArray());
      JsonObject told = new JsonObject();
      told.addProperty("iteration", result.iteration());
      told.addProperty("format", header.getFormat().name());
      told.addProperty("width", header.getWidth());
      told.addProperty("height", header.getHeight());
      told.addProperty("bytes", result.picture().data().size());
      told.addProperty("pixelFormat", header.getPixelFormat().name());
      told.addProperty("stride", header.getStride());
      answer.add("result", told);
    } else if (event instanceof Event.ConnectionLost) {
      reconnects++;
    }
  }

  private StylizeRequest makeRequest(ImpastoClient client) throws IOException {
    StylizeRequest.Builder request = StylizeRequest.newBuilder();
    JsonFormat.parser().merge(command.get("request").toString(), request);
    request.setContent(readPicture(client, command.getAsJsonObject("content")));
    for (JsonElement style : command.getAsJsonArray("styles")) {
      request.addStyles(readPicture(client, style.getAsJsonObject()));
    }
    if (command.has("initial")) {
      request.setInitial(readPicture(client, command.getAsJsonObject("initial")));
    }
    return request.build();
  }

  private static Picture readPicture(ImpastoClient client, JsonObject from) throws IOException {
    Picture.Builder picture = Picture.newBuilder();
    if (from.has("style")) {
      return picture.setStyle(from.get("style").getAsString()).build();
    }
    if (!from.has("file")) { // the name of one that is there
      return picture.setUpload(from.get("upload").getAsString()).build();
    }
    ByteString data = ByteString.copyFrom(Files.readAllBytes(Path.of(from.get("file").getAsString())));
    if (from.has("raw")) {
      RawPixels.Builder raw = RawPixels.newBuilder();
      JsonFormat.parser().merge(from.get("raw").toString(), raw);
      picture.setRaw(raw.setData(data));
    } else {
      picture.setEncoded(data);
    }
    return from.has("upload") ? client.upload(picture.build()) : picture.build();
  }
}
